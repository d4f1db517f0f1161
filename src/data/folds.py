"""Make, save, load and check the stratified assignment of training rows to folds."""

import json
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedKFold

from src.common.arrays import Images, Labels, RowNumbers, fingerprint
from src.common.competition import NUM_CLASSES
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.json_records import check_types
from src.common.workspace import Workspace
from src.data.near_duplicates import MAX_RMS_DIFFERENCE, find_near_duplicates

FOLDS_REMEDY = (
    "delete the directory folds/ and run python -m scripts.make_folds (with --num-folds and --seed if you gave them "
    "before), which restores the same folds"
)


@dataclass(frozen=True)
class Folds:
    """The assignment of each training row to the fold in whose validation part it is."""

    assignment: npt.NDArray[np.int64]  # (n,): fold of each row
    labels: Labels  # int64 (n,)
    num_folds: int
    seed: int
    fingerprint: str  # of the training images and labels
    max_rms_difference: float  # grey levels, see MAX_RMS_DIFFERENCE
    num_identical_pairs: int  # of images of one digit, which share a fold
    num_near_duplicate_pairs: int  # of images of one digit, which share a fold; without the identical ones

    def assignment_fingerprint(self) -> str:
        """Compute the fingerprint of the assignment itself."""
        return fingerprint(self.assignment)

    def split(self, fold: int, train_fraction: float = 1.0) -> tuple[RowNumbers, RowNumbers]:
        """Return the row numbers of the training part and of the validation part of a fold.

        Args:
            fold: from 0 to num_folds - 1.
            train_fraction: how much of the training part is returned. The rows are stratified, and those of a smaller
                fraction are among those of a larger one.
        """
        train_rows, valid_rows = np.flatnonzero(self.assignment != fold), np.flatnonzero(self.assignment == fold)
        if train_fraction < 1:
            shuffled = np.random.default_rng([self.seed, fold]).permutation(train_rows)
            by_label = [shuffled[self.labels[shuffled] == label] for label in np.unique(self.labels)]
            train_rows = np.sort(np.concatenate([rows[: round(train_fraction * len(rows))] for rows in by_label]))
        return train_rows, valid_rows


def make_folds(images: Images, labels: Labels, num_folds: int = 5, seed: int = 42) -> Folds:
    """Assign rows to stratified folds, with near duplicates of one digit in the same fold.

    The same arguments give the same folds.

    Args:
        images: uint8 (n, 28, 28, 1).
        labels: int64 (n,).
        num_folds: number of folds.
        seed: of the shuffle.

    Raises:
        InputError: there are fewer than two folds, a digit has fewer different images than there are folds, or the seed
            is outside 0..2**32 - 1.
    """
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed {seed} is not usable; choose one from 0..{2**32 - 1}")
    groups, num_identical_pairs, num_near_duplicate_pairs = _group_near_duplicates(images, labels)
    # All rows of a group have one label, so stratifying the first rows of the groups stratifies all rows.
    _, first_rows = np.unique(groups, return_index=True)
    num_rarest = int(np.bincount(labels[first_rows], minlength=NUM_CLASSES).min())
    if num_rarest < 2:
        raise InputError(
            "train.csv has digits with fewer than two different images, so there are no folds; use another train.csv"
        )
    if not 2 <= num_folds <= num_rarest:
        raise InputError(
            f"the number of folds is {num_folds}; choose 2..{num_rarest}, as the rarest digit has {num_rarest} images "
            "that are not near duplicates"
        )
    group_folds = np.empty(len(first_rows), dtype=np.int64)
    splitter = StratifiedKFold(num_folds, shuffle=True, random_state=seed)
    for fold, (_, members) in enumerate(splitter.split(first_rows, labels[first_rows])):
        group_folds[members] = fold
    return Folds(
        assignment=group_folds[groups],
        labels=labels,
        num_folds=num_folds,
        seed=seed,
        fingerprint=fingerprint(images, labels),
        max_rms_difference=MAX_RMS_DIFFERENCE,
        num_identical_pairs=num_identical_pairs,
        num_near_duplicate_pairs=num_near_duplicate_pairs,
    )


def _group_near_duplicates(images: Images, labels: Labels) -> tuple[npt.NDArray[np.int64], int, int]:
    """Number the groups of near duplicates: int64 (n,); also count the identical and the near-duplicate pairs."""
    found = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        pairs, differences = find_near_duplicates(images[rows])
        found.append((rows[pairs], differences))
    pairs, differences = (np.concatenate(parts) for parts in zip(*found, strict=True))
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(labels), len(labels)))
    _, components = connected_components(graph, directed=False)
    _, first_rows, components = np.unique(components, return_index=True, return_inverse=True)
    number = np.lexsort((first_rows, labels[first_rows])).argsort()  # Sorted by digit, then by first row.
    return number[components], int((differences == 0).sum()), int((differences > 0).sum())


def save_folds(folds: Folds, workspace: Workspace) -> None:
    """Write folds.csv (row, label, fold) and then folds.json; the same folds give the same bytes.

    Raises:
        InputError: the workspace has other folds already, on which finished results may depend; nothing is written.
    """
    if workspace.folds_json.exists():
        present = load_folds(workspace)
        require_same_train(present, folds.fingerprint, workspace)
        if not np.array_equal(present.labels, folds.labels):
            raise InputError(f"{workspace.folds_csv} has other rows or labels than train.csv; {FOLDS_REMEDY}")
        if not np.array_equal(present.assignment, folds.assignment):
            raise InputError(
                f"{workspace.folds_json} holds {present.num_folds} folds of seed {present.seed}; use another workspace "
                "for other folds (DIGITS_WORKSPACE), or delete folds/ and oof/ to start again"
            )
    table = pd.DataFrame({"row": np.arange(len(folds.labels)), "label": folds.labels, "fold": folds.assignment})
    with atomic_write(workspace.folds_csv) as temporary:
        table.to_csv(temporary, index=False)
    record = {name: value for name, value in asdict(folds).items() if name not in ("assignment", "labels")}
    with atomic_write(workspace.folds_json) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def load_folds(workspace: Workspace) -> Folds:
    """Read the folds of a workspace.

    Raises:
        InputError: folds.csv or folds.json is missing or damaged.
    """
    if not workspace.folds_json.exists():
        raise InputError(f"{workspace.folds_json} is missing; make the folds: python -m scripts.make_folds")
    try:
        record = json.loads(workspace.folds_json.read_text())
        check_types(Folds, record)
        table = pd.read_csv(workspace.folds_csv, dtype=np.int64)
        folds = Folds(assignment=table["fold"].to_numpy(), labels=table["label"].to_numpy(), **record)
        is_valid = (
            np.array_equal(table["row"], np.arange(len(table)))
            and np.array_equal(np.unique(folds.assignment), np.arange(folds.num_folds))
            and np.array_equal(np.unique(folds.labels), np.arange(NUM_CLASSES))
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{workspace.folds_csv} or {workspace.folds_json.name} is damaged ({error}); {FOLDS_REMEDY}"
        ) from None
    if not is_valid:
        raise InputError(
            f"{workspace.folds_csv} does not hold each row once, with the labels 0..{NUM_CLASSES - 1}, in the folds "
            f"0..{folds.num_folds - 1}; {FOLDS_REMEDY}"
        )
    return folds


def require_same_train(folds: Folds, train_fingerprint: str, workspace: Workspace) -> None:
    """Check that the folds belong to the training images and labels that have this fingerprint.

    Raises:
        InputError: they belong to others.
    """
    if folds.fingerprint != train_fingerprint:
        raise InputError(
            f"{workspace.folds_csv} was made from other data than the present train.csv; restore that file, or start "
            "again: delete folds/ and oof/, then run python -m scripts.make_folds"
        )


def require_fold(fold: int, folds: Folds, workspace: Workspace) -> None:
    """Check that a fold exists. Raises InputError if it does not."""
    if not 0 <= fold < folds.num_folds:
        raise InputError(f"there is no fold {fold}: {workspace.folds_csv} has the folds 0..{folds.num_folds - 1}")

"""Make, save, load and check the stratified assignment of training rows to folds."""

import json
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedKFold

from src.common.arrays import fingerprint
from src.common.competition import NUM_CLASSES
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.workspace import Workspace
from src.data.near_duplicates import MAX_RMS_DIFFERENCE, find_near_duplicates

FOLDS_REMEDY = "delete the directory folds/ and run python -m scripts.make_folds, which restores the same folds"


@dataclass(frozen=True)
class Folds:
    """Which part each training row belongs to."""

    assignment: np.ndarray  # int64 (n,): the fold in whose validation part the row is
    labels: np.ndarray  # int64 (n,)
    num_folds: int
    seed: int
    fingerprint: str  # of the training images and labels
    near: float  # grey levels, see MAX_RMS_DIFFERENCE
    num_identical: int  # pairs of identical images of one digit, kept in one fold
    num_near: int  # pairs of near-identical images of one digit, kept in one fold; identical ones not counted

    def assignment_fingerprint(self) -> str:
        """Name the division itself."""
        return fingerprint(self.assignment)

    def split(self, fold: int, train_fraction: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Row numbers, int64, of the training and of the validation part of a fold.

        Args:
            train_fraction: how much of the training part is given, stratified; the smaller shares lie in the larger.
        """
        train_rows, valid_rows = np.flatnonzero(self.assignment != fold), np.flatnonzero(self.assignment == fold)
        if train_fraction < 1:
            shuffled = np.random.default_rng([self.seed, fold]).permutation(train_rows)
            by_label = [shuffled[self.labels[shuffled] == label] for label in np.unique(self.labels)]
            train_rows = np.sort(np.concatenate([rows[: round(train_fraction * len(rows))] for rows in by_label]))
        return train_rows, valid_rows


def make_folds(images: np.ndarray, labels: np.ndarray, num_folds: int = 5, seed: int = 42) -> Folds:
    """Assign rows to folds: stratified, near-identical images of one digit together, the same for the same input.

    Args:
        images: uint8 (n, 28, 28, 1).
        labels: int64 (n,).

    Raises:
        InputError: fewer than two folds, a digit with fewer images than folds, or a seed outside 0..2**32 - 1.
    """
    smallest = int(np.bincount(labels, minlength=NUM_CLASSES)[np.unique(labels)].min())
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed {seed} is not usable; take 0..{2**32 - 1}")
    if not 2 <= num_folds <= smallest:
        raise InputError(f"{num_folds} folds do not fit: take 2..{smallest}, as the rarest digit has {smallest} images")
    groups, num_identical, num_near = _group_near(images, labels)
    # A group is of one digit, so stratifying the groups' first rows stratifies the rows.
    _, first_rows = np.unique(groups, return_index=True)
    group_folds = np.empty(len(first_rows), dtype=np.int64)
    splitter = StratifiedKFold(num_folds, shuffle=True, random_state=seed)
    for fold, (_, members) in enumerate(splitter.split(first_rows, labels[first_rows])):
        group_folds[members] = fold
    return Folds(
        group_folds[groups], labels, num_folds, seed, fingerprint(images, labels), MAX_RMS_DIFFERENCE, num_identical, num_near
    )


def _group_near(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Number the groups of near-identical images: int64 (n,), and the pairs that are identical and near-identical."""
    found = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        pairs, distances = find_near_duplicates(images[rows])
        found.append((rows[pairs], distances))
    pairs, distances = (np.concatenate(parts) for parts in zip(*found, strict=True))
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(labels), len(labels)))
    _, components = connected_components(graph, directed=False)
    _, first_rows, components = np.unique(components, return_index=True, return_inverse=True)
    number = np.lexsort((first_rows, labels[first_rows])).argsort()  # by digit, then by first row
    return number[components], int((distances == 0).sum()), int((distances > 0).sum())


def save_folds(folds: Folds, workspace: Workspace) -> None:
    """Write folds.csv (row, label, fold) and then folds.json; the same folds give the same bytes.

    Raises:
        InputError: other folds are there already, and finished results may rest on them; nothing is written.
    """
    if workspace.folds_json.exists():
        present = load_folds(workspace)
        require_data(present, folds.fingerprint, workspace)
        if not np.array_equal(present.assignment, folds.assignment):
            raise InputError(
                f"{workspace.folds_json} holds {present.num_folds} folds of seed {present.seed}; another division is "
                "another workspace: name one with DIGITS_WORKSPACE, or delete folds/ and oof/ to begin anew"
            )
    table = pd.DataFrame({"row": np.arange(len(folds.labels)), "label": folds.labels, "fold": folds.assignment})
    with atomic_write(workspace.folds_csv) as temporary:
        table.to_csv(temporary, index=False)
    record = {name: value for name, value in asdict(folds).items() if name not in ("assignment", "labels")}
    with atomic_write(workspace.folds_json) as temporary:
        temporary.write_text(json.dumps(record, indent=2) + "\n")


def load_folds(workspace: Workspace) -> Folds:
    """Read the folds.

    Raises:
        InputError: missing or damaged.
    """
    if not workspace.folds_json.exists():
        raise InputError(f"{workspace.folds_json} is missing; make it with: python -m scripts.make_folds")
    try:
        record = json.loads(workspace.folds_json.read_text())
        table = pd.read_csv(workspace.folds_csv, dtype=np.int64)
        folds = Folds(assignment=table["fold"].to_numpy(), labels=table["label"].to_numpy(), **record)
        whole = np.array_equal(table["row"], np.arange(len(table))) and folds.num_folds == folds.assignment.max() + 1
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{workspace.folds_csv} or its .json is damaged ({error}); {FOLDS_REMEDY}") from None
    if not whole or not np.array_equal(np.unique(folds.assignment), np.arange(np.max(folds.assignment) + 1)):
        raise InputError(
            f"{workspace.folds_csv} does not hold each row once, in the folds 0..{folds.num_folds - 1}; {FOLDS_REMEDY}"
        )
    return folds


def require_data(folds: Folds, data_fingerprint: str, workspace: Workspace) -> None:
    """Check that the folds are of the training images and labels with this fingerprint; raises InputError if not."""
    if folds.fingerprint != data_fingerprint:
        raise InputError(
            f"{workspace.folds_csv} was made from other data than the present train.csv; restore that file, or begin "
            "anew: delete folds/ and oof/, then python -m scripts.make_folds"
        )

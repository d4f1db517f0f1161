"""`FoldResult`: what one experiment produced on one fold; saved whole or not at all, and put together as OOF."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from src.competition import NUM_CLASSES
from src.data import hash_file
from src.errors import InputError, nearest
from src.folds import Folds
from src.workspace import Workspace, replacing

REQUIRED = {"experiment", "fold", "recipe_hash", "fingerprints", "train_seconds"}
"""What a record holds at the least."""


@dataclass(frozen=True)
class FoldResult:
    """Probabilities, weights and record of one experiment on one fold."""

    valid_rows: np.ndarray  # int64 (v,): rows of train.csv in the validation part
    valid_proba: np.ndarray  # float32 (v, 10)
    test_proba: np.ndarray  # float32 (t, 10)
    weights_path: Path  # the fitted model's file
    record: dict[str, Any]  # experiment, hashes, metrics, history, seconds, versions: see cross_validation.train_fold


@dataclass(frozen=True)
class Predictions:
    """One experiment's fold results put together in row order."""

    experiment: str
    oof: np.ndarray  # float32 (n, 10)
    test: np.ndarray  # float32 (t, 10): mean over the folds' models
    records: tuple[dict[str, Any], ...]  # one per fold


def save_fold_result(result: FoldResult, workspace: Workspace) -> None:
    """Write .npz, weights and, last, .json, each atomically: the presence of the .json means that the fold is done.

    The .json holds checksums of the others.
    """
    experiment, fold = result.record["experiment"], result.record["fold"]
    arrays_path, weights_path = (
        workspace.fold_path(experiment, fold, suffix) for suffix in (".npz", result.weights_path.suffix)
    )
    with replacing(arrays_path) as temporary:
        np.savez(temporary, valid_rows=result.valid_rows, valid_proba=result.valid_proba, test_proba=result.test_proba)
    with replacing(weights_path) as temporary:
        temporary.write_bytes(result.weights_path.read_bytes())
    record = result.record | {"checksums": {path.name: hash_file(path) for path in (arrays_path, weights_path)}}
    with replacing(workspace.fold_path(experiment, fold, ".json")) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")


def load_record(workspace: Workspace, experiment: str, fold: int) -> dict[str, Any] | None:
    """Read a fold's record, or None if the fold is not complete.

    Raises:
        InputError: the record cannot be read.
    """
    path = workspace.fold_path(experiment, fold, ".json")
    if not path.exists():
        return None
    try:
        record = json.loads(path.read_text())
        whole = set(record) >= REQUIRED and (record["experiment"], record["fold"]) == (experiment, fold)
    except (ValueError, TypeError):
        whole = False
    if not whole:
        raise InputError(f"{path} is damaged; delete it and train this fold again: {retrain(experiment, fold)}")
    return record


def retrain(experiment: str, fold: int) -> str:
    """The command that trains one fold."""
    return f"python -m scripts.train {experiment} --folds {fold}"


def list_trained(workspace: Workspace) -> list[str]:
    """Names, sorted, of the experiments that have at least one complete fold in the workspace."""
    return sorted({path.parent.name for path in workspace.oof_dir.glob("*/fold_*.json")})


def load_records(workspace: Workspace, experiment: str, num_folds: int) -> list[dict[str, Any]]:
    """Records of the complete folds, in fold order. Raises InputError if one cannot be read."""
    records = (load_record(workspace, experiment, fold) for fold in range(num_folds))
    return [record for record in records if record is not None]


def load_valid(workspace: Workspace, record: dict[str, Any], folds: Folds) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read what a complete fold predicts.

    Args:
        record: the fold's record.

    Returns:
        rows, int64 (v,), and probabilities, float32 (v, 10), of the validation part; probabilities of the test images,
        float32 (t, 10).

    Raises:
        InputError: the arrays are missing or damaged, or the fold is of other training data or folds than these.
    """
    experiment, fold = record["experiment"], record["fold"]
    expected = {"train": folds.fingerprint, "folds": folds.assignment_fingerprint()}
    if any(record["fingerprints"][name] != expected[name] for name in expected):
        raise InputError(
            f"fold {fold} of {experiment} is of other data or folds than {workspace.folds_csv}; restore that file, or "
            f"give up the old results: rm -r {workspace.oof_dir / experiment}"
        )
    rows, valid_proba, test_proba = load_fold_arrays(workspace, experiment, fold).values()
    shapes = valid_proba.shape == (len(rows), NUM_CLASSES) and test_proba.shape[1:] == (NUM_CLASSES,)
    if not shapes or not np.array_equal(rows, folds.split(fold)[1]) or not np.isfinite(valid_proba).all():
        path = workspace.fold_path(experiment, fold, ".npz")
        raise InputError(
            f"{path} does not hold this fold; delete {path.with_suffix('.json')} and run: {retrain(experiment, fold)}"
        )
    return rows, valid_proba, test_proba


def load_fold_arrays(workspace: Workspace, experiment: str, fold: int) -> dict[str, np.ndarray]:
    """Read the arrays of a complete fold: valid_rows, valid_proba, test_proba.

    Raises:
        InputError: the file is missing or damaged.
    """
    path = workspace.fold_path(experiment, fold, ".npz")
    try:
        with np.load(path) as file:
            return {name: file[name] for name in ("valid_rows", "valid_proba", "test_proba")}
    except Exception as error:  # a damaged zip fails in many ways: BadZipFile, EOFError, KeyError, zlib.error, OSError
        record = path.with_suffix(".json")
        raise InputError(
            f"{path} is missing or damaged ({error}); delete {record} and run: {retrain(experiment, fold)}"
        ) from None


def load_predictions(workspace: Workspace, experiment: str, folds: Folds) -> Predictions:
    """Put the folds of an experiment together.

    Raises:
        InputError: a fold is missing, damaged, or of other data or folds than these.
    """
    trained = list_trained(workspace)
    if experiment not in trained:
        hint = f"did you mean {nearest(experiment, trained)!r}, or shall it be trained first" if trained else "train it"
        raise InputError(f"{workspace.oof_dir} has no results of {experiment!r}; {hint}: python -m scripts.train NAME")
    records = load_records(workspace, experiment, folds.num_folds)
    missing = sorted(set(range(folds.num_folds)) - {record["fold"] for record in records})
    if missing:
        listed = ",".join(map(str, missing))
        raise InputError(f"{experiment} lacks folds {listed}; train them: python -m scripts.train {experiment}")
    if len({record["recipe_hash"] for record in records}) > 1:
        raise InputError(
            f"the folds of {experiment} were trained by different recipes; give up the old results: "
            f"rm -r {workspace.oof_dir / experiment}"
        )
    oof = np.empty((len(folds.labels), NUM_CLASSES), dtype=np.float32)
    test = []
    for record in records:
        rows, valid_proba, test_proba = load_valid(workspace, record, folds)
        oof[rows] = valid_proba
        test.append(test_proba)
    return Predictions(experiment, oof, np.stack(test).mean(axis=0), tuple(records))


def require_same_data(members: Sequence[Predictions]) -> None:
    """Check that all folds of all members were trained on, and predict, the same data.

    Raises:
        InputError: two fingerprints differ.
    """
    reference = members[0]
    for member in members:
        for record in member.records:
            if record["fingerprints"] != reference.records[0]["fingerprints"]:
                raise InputError(
                    f"{member.experiment} (fold {record['fold']}) and {reference.experiment} were trained on different "
                    "data or folds, so they cannot be blended; delete the outdated one's directory in oof/ and train "
                    "it anew"
                )


def require_test_images(member: Predictions, present: str, workspace: Workspace) -> None:
    """Check that an experiment predicted the images of this fingerprint, those of the present test.csv.

    Raises:
        InputError: it predicted others.
    """
    if any(record["fingerprints"]["test"] != present for record in member.records):
        raise InputError(
            f"{workspace.test_csv} is not the file whose images {member.experiment} predicted; restore it, or train "
            "anew in another workspace"
        )

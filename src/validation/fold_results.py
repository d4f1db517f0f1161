"""Fold results: what one experiment produced on one fold, saved whole or not at all."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from src.common.arrays import Proba, RowNumbers
from src.common.competition import NUM_CLASSES
from src.common.errors import InputError
from src.common.files import atomic_write, hash_file
from src.common.json_records import check_types
from src.common.workspace import Workspace
from src.data.folds import Folds


@dataclass(frozen=True)
class FoldRecord:
    """What is known of a fold result: the contents of fold_k.json."""

    experiment: str
    fold: int
    recipe: dict[str, Any]  # of Experiment.describe
    recipe_hash: str  # of Experiment.hash
    seed: int
    fingerprints: dict[str, str]  # of Dataset.fingerprints: train, test, folds
    num_train_rows: int
    num_valid_rows: int
    valid_accuracy: float
    train_accuracy: float  # of undistorted training rows
    train_seconds: float  # the epochs from before an interruption included
    predict_seconds: float  # for validation part, some training rows and test images
    inference_images_per_second: float  # of the test images
    single_image_seconds: float  # of a prediction of one image, median
    num_parameters: int
    model_bytes: int  # size of the model's file
    history: list[dict[str, float]]  # an entry per epoch, or stage of boosting
    backend: str
    device: str
    precision: str  # that it was trained in: bfloat16 or float32
    python: str
    versions: dict[str, str | None]  # of the packages on which results depend
    processor: str
    threads: int
    commit: str | None
    checksums: dict[str, str] = field(default_factory=dict)  # of the other files of the fold result, by name

    @property
    def model_name(self) -> str:
        """Name of the fitted model's file, from the checksums of a saved record."""
        return next(name for name in self.checksums if not name.endswith(".npz"))

    def to_json(self) -> str:
        """Return the record as JSON text."""
        return json.dumps(asdict(self), indent=1) + "\n"


@dataclass(frozen=True)
class FoldPredictions:
    """What a model predicts: the contents of fold_k.npz."""

    valid_rows: RowNumbers  # int64 (v,): rows of train.csv in the validation part
    valid_proba: Proba  # float32 (v, 10)
    test_proba: Proba  # float32 (t, 10)


@dataclass(frozen=True)
class FoldResult:
    """Predictions, model and record of one experiment on one fold."""

    predictions: FoldPredictions
    model_path: Path  # the fitted model's file
    record: FoldRecord


def save_fold_result(result: FoldResult, workspace: Workspace) -> None:
    """Write .npz, model and, last, .json, each atomically: the presence of the .json means that the fold is complete.

    The .json holds checksums of the other two.
    """
    experiment, fold = result.record.experiment, result.record.fold
    arrays_path, model_path = (
        workspace.fold_path(experiment, fold, suffix) for suffix in (".npz", result.model_path.suffix)
    )
    with atomic_write(arrays_path) as temporary:
        np.savez(temporary, **vars(result.predictions))
    with atomic_write(model_path) as temporary:
        temporary.write_bytes(result.model_path.read_bytes())
    record = replace(result.record, checksums={path.name: hash_file(path) for path in (arrays_path, model_path)})
    with atomic_write(workspace.fold_path(experiment, fold, ".json")) as temporary:
        temporary.write_text(record.to_json())


def load_fold_record(workspace: Workspace, experiment: str, fold: int) -> FoldRecord | None:
    """Read a fold's record, or return None if the fold is not complete.

    Raises:
        InputError: the record cannot be read.
    """
    path = workspace.fold_path(experiment, fold, ".json")
    if not path.exists():
        return None
    try:
        values = json.loads(path.read_text())
        check_types(FoldRecord, values)
        record = FoldRecord(**values)
        if (record.experiment, record.fold) != (experiment, fold):
            raise ValueError(f"it is the record of fold {record.fold} of {record.experiment}")
        float(record.recipe["train_fraction"])
        return record
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InputError(
            f"{path} is damaged or of another version of this program ({error}); delete it and train this fold again: "
            f"{train_command(experiment, fold)}"
        ) from None


def load_fold_records(workspace: Workspace, experiment: str, num_folds: int) -> list[FoldRecord]:
    """Read the records of the complete folds, in fold order. Raises InputError if one cannot be read."""
    records = (load_fold_record(workspace, experiment, fold) for fold in range(num_folds))
    return [record for record in records if record is not None]


def list_trained(workspace: Workspace) -> list[str]:
    """List the experiments that have at least one complete fold in the workspace, sorted by name."""
    return sorted({path.parent.name for path in workspace.oof_dir.glob("*/fold_*.json")})


def train_command(experiment: str, fold: int) -> str:
    """Return the command that trains one fold."""
    return f"python -m scripts.train {experiment} --folds {fold}"


def load_fold_predictions(workspace: Workspace, record: FoldRecord, folds: Folds) -> FoldPredictions:
    """Read what a complete fold predicts, and check that it is whole and of these folds.

    Raises:
        InputError: the arrays are missing or damaged, or the fold is of other training data or folds than these.
    """
    experiment, fold = record.experiment, record.fold
    expected = {"train": folds.fingerprint, "folds": folds.assignment_fingerprint()}
    if any(record.fingerprints.get(name) != expected[name] for name in expected):
        raise InputError(
            f"fold {fold} of {experiment} is of other data or folds than {workspace.folds_csv}; restore that file, or "
            f"give up the old results: rm -r {workspace.oof_dir / experiment}"
        )
    predictions = read_fold_predictions(workspace, experiment, fold)
    rows, proba, test_proba = predictions.valid_rows, predictions.valid_proba, predictions.test_proba
    shapes_fit = proba.shape == (len(rows), NUM_CLASSES) and test_proba.shape[1:] == (NUM_CLASSES,)
    path = workspace.fold_path(experiment, fold, ".npz")
    checksum = record.checksums.get(path.name)
    is_changed = checksum is not None and checksum != hash_file(path)
    if is_changed or not shapes_fit or not np.array_equal(rows, folds.split(fold)[1]) or not np.isfinite(proba).all():
        raise InputError(
            f"{path} does not hold this fold; delete {path.with_suffix('.json')} and run: "
            f"{train_command(experiment, fold)}"
        )
    return predictions


def read_fold_predictions(workspace: Workspace, experiment: str, fold: int) -> FoldPredictions:
    """Read the arrays of a complete fold as they are; `load_fold_predictions` also checks them.

    Raises:
        InputError: the file is missing or damaged.
    """
    path = workspace.fold_path(experiment, fold, ".npz")
    try:
        with np.load(path) as file:
            return FoldPredictions(**{name: file[name] for name in FoldPredictions.__dataclass_fields__})
    except Exception as error:  # A damaged zip fails in many ways: BadZipFile, EOFError, KeyError, zlib.error, OSError.
        raise InputError(
            f"{path} is missing or damaged ({error}); delete {path.with_suffix('.json')} and run: "
            f"{train_command(experiment, fold)}"
        ) from None

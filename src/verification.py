"""Check a whole workspace: data, folds, fold results, submission."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from src.common.errors import InputError
from src.common.files import hash_file, is_being_written
from src.common.workspace import Workspace
from src.data.csv_files import read_submission
from src.data.datasets import Dataset, load_dataset
from src.experiments import EXPERIMENTS
from src.kaggle.submissions import find_origin
from src.validation.fold_results import list_trained, load_fold_predictions, load_fold_record, train_command
from src.validation.fold_tasks import require_unchanged

Finding = tuple[str, str | None]
"""What was checked, and what is wrong with it and how to mend it; None where all is well."""


def verify(workspace: Workspace) -> Iterator[Finding]:
    """Check everything that is there, reading all of it.

    Without sound data and folds nothing else can be judged, so they come first and may be the only finding.
    """
    try:
        dataset = load_dataset(workspace)
    except InputError as error:
        yield "data and folds", str(error)
        return
    yield "data and folds", None
    for experiment in list_trained(workspace):
        for fold in range(dataset.folds.num_folds):
            if workspace.fold_path(experiment, fold, ".json").exists():
                yield f"{experiment} fold {fold}", _find_fault(experiment, fold, dataset, workspace)
    for experiment in EXPERIMENTS:
        for fold in range(dataset.folds.num_folds):
            if _has_lost_its_record(experiment, fold, workspace):
                yield (
                    f"{experiment} fold {fold}",
                    f"its record is gone; train it again: {train_command(experiment, fold)}",
                )
    if workspace.submission_csv.exists():
        yield "submission", _find_fault_in_submission(dataset, workspace)
    for name in ("input", "folds", "oof", "submissions"):
        for path in sorted((workspace.root / name).glob("**/.tmp.*")):
            if not is_being_written(path):
                yield str(path.relative_to(workspace.root)), f"left by a process that was killed: rm {path}"


def _has_lost_its_record(experiment: str, fold: int, workspace: Workspace) -> bool:
    predictions, record = (workspace.fold_path(experiment, fold, suffix) for suffix in (".npz", ".json"))
    is_unfinished = workspace.checkpoint_dir(experiment, fold).exists()
    return predictions.exists() and not record.exists() and not is_unfinished


def _find_fault(experiment: str, fold: int, dataset: Dataset, workspace: Workspace) -> str | None:
    try:
        record = load_fold_record(workspace, experiment, fold)
        assert record is not None
        require_unchanged(record, EXPERIMENTS.get(experiment), dataset.fingerprints(), workspace)
        _, _, test_proba = load_fold_predictions(workspace, record, dataset.folds)
        if len(test_proba) != len(dataset.test_images) or not np.isfinite(test_proba).all():
            return f"predicts other images than those of test.csv; train it again: {train_command(experiment, fold)}"
        _require_whole(record, workspace)
    except InputError as error:
        return str(error)
    return None


def _require_whole(record: dict[str, Any], workspace: Workspace) -> None:
    """Check that the files of a complete fold are those that were saved."""
    experiment, fold = record.experiment, record.fold
    if not record.get("checksums"):
        raise InputError(
            f"its record has no checksums; to be sure of it, train it again: {train_command(experiment, fold)}"
        )
    for name, checksum in record.checksums.items():
        path = workspace.oof_dir / experiment / name
        if not path.exists() or hash_file(path) != checksum:
            raise InputError(
                f"{path} is {'changed' if path.exists() else 'gone'}; delete "
                f"{workspace.fold_path(experiment, fold, '.json')} and run: {train_command(experiment, fold)}"
            )


def _find_fault_in_submission(dataset: Dataset, workspace: Workspace) -> str | None:
    try:
        read_submission(workspace.submission_csv, len(dataset.test_images))
        find_origin(workspace.submission_csv, dataset.test_images, workspace)
    except InputError as error:
        return f"{error}; make it again: python -m scripts.ensemble"
    return None

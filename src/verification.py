"""Check a whole workspace: data, folds, fold results, submission."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from src.common.arrays import Labels
from src.common.errors import InputError
from src.common.files import hash_file, is_being_written
from src.common.workspace import Workspace
from src.data.csv_files import read_submission
from src.data.datasets import Dataset, load_dataset
from src.evaluation.mixture import mix
from src.experiments import EXPERIMENTS
from src.kaggle.submissions import ENSEMBLE_REMEDY, load_origin
from src.validation.fold_results import (
    FoldRecord,
    list_trained,
    load_fold_predictions,
    load_fold_record,
    train_command,
)
from src.validation.fold_tasks import require_unchanged
from src.validation.oof import load_oof_predictions, require_test_images

Finding = tuple[str, str | None]
"""What was checked, and its fault with the remedy; None if there is no fault."""


def verify(workspace: Workspace) -> Iterator[Finding]:
    """Check everything in the workspace, reading all of it.

    The data and folds come first. If they have a fault, nothing else can be checked, so it is the only finding.
    """
    try:
        dataset = load_dataset(workspace)
    except InputError as error:
        yield "data and folds", str(error)
        return
    yield "data and folds", None
    folds_are_whole = True
    for subject, fault in _verify_folds(dataset, workspace):
        folds_are_whole &= fault is None
        yield subject, fault
    if workspace.submission_csv.exists():
        yield "submission", _find_submission_fault(dataset, workspace, compares=folds_are_whole)
    for directory in workspace.directories:
        for path in sorted(directory.glob("**/.tmp.*")):
            if not is_being_written(path):
                yield str(path.relative_to(workspace.root)), f"left by a process that was killed; delete it: rm {path}"


def _verify_folds(dataset: Dataset, workspace: Workspace) -> Iterator[Finding]:
    for experiment in sorted({*list_trained(workspace), *EXPERIMENTS}):
        for fold in range(dataset.folds.num_folds):
            if workspace.fold_path(experiment, fold, ".json").exists():
                yield f"{experiment} fold {fold}", _find_fold_fault(experiment, fold, dataset, workspace)
            elif experiment in EXPERIMENTS and _has_lost_its_record(experiment, fold, workspace):
                remedy = train_command(experiment, fold)
                yield f"{experiment} fold {fold}", f"its record is gone; train it again: {remedy}"


def _has_lost_its_record(experiment: str, fold: int, workspace: Workspace) -> bool:
    has_predictions = workspace.fold_path(experiment, fold, ".npz").exists()
    is_unfinished = workspace.checkpoint_dir(experiment, fold).exists()
    return has_predictions and not is_unfinished


def _find_fold_fault(experiment: str, fold: int, dataset: Dataset, workspace: Workspace) -> str | None:
    try:
        record = load_fold_record(workspace, experiment, fold)
        if record is None:  # It was deleted meanwhile.
            return f"its record is gone; train it again: {train_command(experiment, fold)}"
        require_unchanged(record, EXPERIMENTS.get(experiment), dataset.fingerprints(), workspace)
        test_proba = load_fold_predictions(workspace, record, dataset.folds).test_proba
        if len(test_proba) != len(dataset.test_images) or not np.isfinite(test_proba).all():
            return (
                f"its predictions are not those of the images in test.csv; train it again: "
                f"{train_command(experiment, fold)}"
            )
        _require_checksums(record, workspace)
    except InputError as error:
        return str(error)
    return None


def _require_checksums(record: FoldRecord, workspace: Workspace) -> None:
    """Check that the files of a complete fold are those that were saved.

    Raises:
        InputError: one is gone or changed, or the record has no checksums.
    """
    experiment, fold = record.experiment, record.fold
    record_path = workspace.fold_path(experiment, fold, ".json")
    remedy = f"delete {record_path} and run: {train_command(experiment, fold)}"
    if not record.checksums:
        raise InputError(f"{record_path} has no checksums, so the fold cannot be checked; {remedy}")
    for name, checksum in record.checksums.items():
        path = workspace.oof_dir / experiment / name
        if not path.exists() or hash_file(path) != checksum:
            raise InputError(f"{path} is {'changed' if path.exists() else 'gone'}; {remedy}")


def _find_submission_fault(dataset: Dataset, workspace: Workspace, compares: bool) -> str | None:
    """Find a fault of the submission; it is compared with the blend of its members if `compares`."""
    try:
        labels = read_submission(workspace.submission_csv, len(dataset.test_images), ENSEMBLE_REMEDY)
    except InputError as error:
        return str(error)
    try:
        origin = load_origin(workspace.submission_csv, dataset.test_images, workspace)
        expected = _predict_labels(origin["members"], dataset, workspace) if compares else labels
    except InputError as error:
        return f"{error}; {ENSEMBLE_REMEDY}"
    wrong = np.flatnonzero(labels != expected)
    if len(wrong):
        return (
            f"{workspace.submission_csv}, data row {wrong[0] + 1}: the members that {workspace.submission_json.name} "
            f"names predict {expected[wrong[0]]}; {ENSEMBLE_REMEDY}"
        )
    return None


def _predict_labels(members: Any, dataset: Dataset, workspace: Workspace) -> Labels:
    """Blend the present fold results of a submission's members as submission.json says.

    Raises:
        InputError: a member is described wrongly, lacks a fold, or was trained by another recipe.
    """
    path = workspace.submission_json
    try:
        recipes = {name: (float(member["weight"]), member["recipe_hash"]) for name, member in members.items()}
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise InputError(f"{path} does not describe its members ({error})") from None
    if not recipes:
        raise InputError(f"{path} names no members")
    proba = []
    for name, (_, recipe_hash) in recipes.items():
        member = load_oof_predictions(workspace, name, dataset.folds)
        if member.records[0].recipe_hash != recipe_hash:
            raise InputError(f"{path} names another recipe of {name} than its fold results")
        require_test_images(member, dataset.fingerprints()["test"], workspace)
        proba.append(member.test.astype(np.float64))
    weights = np.array([weight for weight, _ in recipes.values()])
    labels: Labels = mix(weights, np.stack(proba)).argmax(axis=1)
    return labels

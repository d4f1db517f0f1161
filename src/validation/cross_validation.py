"""Cross-validation: `train_fold` makes one fold result, `run` makes and saves those that a workspace lacks."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.common.arrays import Images, LabelledImages, fingerprint
from src.common.errors import InputError
from src.common.files import atomic_write, locked, remove_stale_files
from src.common.metrics import accuracy, format_accuracy
from src.common.progress import bar, say
from src.common.provenance import describe_environment
from src.common.workspace import Workspace
from src.data.datasets import Dataset, load_dataset
from src.experiments import Experiment
from src.models.classifiers import Classifier
from src.training.trainers import TrainingContext
from src.validation.fold_results import FoldPredictions, FoldRecord, FoldResult, load_fold_records, save_fold_result
from src.validation.fold_tasks import FoldTask, add_distillation_set, find_pending, split_stages
from src.validation.tracking import Tracker, track_nowhere

MAX_TRAIN_PREDICTED = 2000
"""Training rows whose accuracy is measured, at most; the gap to the validation accuracy shows overfitting."""

Runner = Callable[[Callable[[FoldTask], FoldResult], Sequence[FoldTask]], Iterable[FoldResult]]
"""Runs a function on each of the tasks and yields the results as they finish."""


def train_fold(task: FoldTask) -> FoldResult:
    """Train one experiment on one fold and predict its validation part and the test images.

    Writes nothing outside `task.checkpoint_dir`, where it also leaves the fitted model's file.

    Raises:
        InputError: the model predicts NaN.
    """
    experiment, dataset = task.experiment, task.dataset
    train_rows, valid_rows = task.split()
    train, valid = task.take(train_rows), task.take(valid_rows)
    environment = describe_environment() | experiment.trainer.describe_backend()
    say(f"{task}: {len(train_rows):,} rows to train on, {len(valid_rows):,} to validate on")
    classifier, train_seconds = _fit(task, train, valid, environment)
    some = LabelledImages(train.images[:MAX_TRAIN_PREDICTED], train.labels[:MAX_TRAIN_PREDICTED])
    started = time.perf_counter()
    valid_proba = classifier.predict_proba(valid.images)
    train_proba = classifier.predict_proba(some.images)
    test_started = time.perf_counter()
    test_proba = classifier.predict_proba(dataset.test_images)
    ended = time.perf_counter()
    if not (np.isfinite(valid_proba).all() and np.isfinite(test_proba).all()):
        raise InputError(f"{task} predicts NaN: the training diverged; give the recipe a lower learning rate")

    model_path = task.checkpoint_dir / f"model{classifier.suffix}"
    classifier.save(model_path)
    record = FoldRecord(
        experiment=experiment.name,
        fold=task.fold,
        recipe=experiment.describe(),
        recipe_hash=experiment.hash(),
        seed=experiment.fold_seed(task.fold),
        fingerprints=dataset.fingerprints(),
        num_train_rows=len(train_rows),
        num_valid_rows=len(valid_rows),
        valid_accuracy=accuracy(valid.labels, valid_proba),
        train_accuracy=accuracy(some.labels, train_proba),
        train_seconds=train_seconds,
        predict_seconds=ended - started,
        inference_images_per_second=len(dataset.test_images) / (ended - test_started),
        single_image_seconds=_measure_single(classifier, dataset.test_images),
        num_parameters=classifier.num_parameters(),
        model_bytes=model_path.stat().st_size,
        history=list(classifier.history),
        **environment,
    )
    return FoldResult(FoldPredictions(valid_rows, valid_proba, test_proba), model_path, record)


def _fit(
    task: FoldTask, train: LabelledImages, valid: LabelledImages, environment: dict[str, Any]
) -> tuple[Classifier, float]:
    """Fit the model of a fold; also return the seconds that it took, those before an interruption included."""
    experiment, distillation_set = task.experiment, task.distillation_set
    distillation_fingerprint = fingerprint(*(distillation_set or ()))
    prepare_checkpoint_dir(task.checkpoint_dir, experiment, task.dataset, distillation_fingerprint, environment)
    started = time.perf_counter()
    context = TrainingContext(task.checkpoint_dir, distillation_set)
    classifier = experiment.trainer.fit(train, valid, experiment.fold_seed(task.fold), context)
    # A model without epochs has no history, and starts again after an interruption.
    seconds = sum(entry["seconds"] for entry in classifier.history) or time.perf_counter() - started
    return classifier, seconds


def _measure_single(classifier: Classifier, images: Images) -> float:
    """Measure the seconds that the prediction of a single image takes: the median of a few tries."""
    classifier.predict_proba(images[:1])  # compiles
    seconds = []
    for image in images[:20]:
        started = time.perf_counter()
        classifier.predict_proba(image[None])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def prepare_checkpoint_dir(
    checkpoint_dir: Path,
    experiment: Experiment,
    dataset: Dataset,
    distillation_fingerprint: str,
    environment: dict[str, Any],
) -> None:
    """Empty a checkpoint directory unless its manifest shows that the same training left it.

    The manifest holds the recipe's hash, the fingerprints of the data, machine, versions and number of threads.
    """
    same = {name: value for name, value in environment.items() if name != "commit"}
    text = json.dumps([experiment.hash(), dataset.fingerprints(), same, distillation_fingerprint])
    path = checkpoint_dir / "manifest.json"
    if not path.exists() or path.read_text() != text:
        path.unlink(missing_ok=True)  # First, as an interruption may leave other files.
        if checkpoint_dir.exists():
            shutil.rmtree(checkpoint_dir)
        with atomic_write(path) as temporary:
            temporary.write_text(text)


def run(
    experiments: Sequence[Experiment],
    folds: Sequence[int] | None,
    workspace: Workspace,
    runner: Runner,
    track: Tracker = track_nowhere,
) -> None:
    """Train the folds that are not complete yet and save each result as it arrives.

    Args:
        experiments: what to train.
        folds: which folds; None for all.
        workspace: where the data is and the results go.
        runner: where the folds are trained.
        track: gets the record of each fold that was saved.

    Raises:
        InputError: missing or damaged input, a fold that does not exist, a complete fold of another recipe or other
            data, or a student whose teacher is neither complete nor trained now.
    """
    dataset = load_dataset(workspace)
    with locked(*(workspace.oof_dir / experiment.name for experiment in experiments)):
        chosen = range(dataset.folds.num_folds) if folds is None else folds
        tasks = find_pending(experiments, chosen, dataset, workspace)
        for experiment in experiments:
            _clean_up(experiment, dataset.folds.num_folds, workspace)
        say(f"{len(tasks)} folds to train, {len(experiments) * len(chosen) - len(tasks)} complete")
        with bar("folds", len(tasks)) as fold_done:
            for stage in split_stages(tasks):  # Teachers are complete before their students start.
                for result in runner(train_fold, [add_distillation_set(task, workspace) for task in stage]):
                    save_fold_result(result, workspace)
                    shutil.rmtree(result.model_path.parent)
                    say(_summarize(result.record))
                    track(result.record)
                    fold_done()


def _clean_up(experiment: Experiment, num_folds: int, workspace: Workspace) -> None:
    """Delete what a crash has left: temporary files, and the checkpoints of folds that are complete."""
    remove_stale_files(workspace.oof_dir / experiment.name)
    for record in load_fold_records(workspace, experiment.name, num_folds):
        checkpoint_dir = workspace.checkpoint_dir(experiment.name, record.fold)
        if checkpoint_dir.exists():
            shutil.rmtree(checkpoint_dir)


def _summarize(record: FoldRecord) -> str:
    valid = format_accuracy(record.valid_accuracy, record.num_valid_rows)
    return f"{record.experiment} fold {record.fold} done: valid {valid}, {record.train_seconds:.0f} s"

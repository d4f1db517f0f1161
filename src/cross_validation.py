"""`train_fold` makes one fold result; `run` makes the pending ones of a workspace through a runner and saves them."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from src.artifacts import FoldResult, load_records, save_fold_result
from src.classifiers import Classifier
from src.data import fingerprint
from src.datasets import Dataset, load_dataset
from src.experiments import Experiment
from src.fold_tasks import FoldTask, add_lessons, find_pending, split_generations
from src.lessons import LESSONS
from src.metrics import accuracy, format_accuracy
from src.progress import bar, say
from src.provenance import describe_environment
from src.workspace import Workspace, locked, replacing, sweep

NUM_TRAIN_PREDICTED = 2000
"""Training rows whose accuracy is measured, at most, to see how much was learnt by heart."""

Runner = Callable[[Callable[[FoldTask], FoldResult], Sequence[FoldTask]], Iterable[FoldResult]]
"""Runs a task on each of the arguments and gives the results as they finish."""


def train_fold(task: FoldTask) -> FoldResult:
    """Train one experiment on one fold and predict its validation part and the test images.

    Touches nothing but `task.checkpoint_dir`, where it also leaves the fitted model's file.
    """
    experiment, dataset = task.experiment, task.dataset
    train_rows, valid_rows = task.split()
    train = dataset.images[train_rows], dataset.labels[train_rows]
    valid = dataset.images[valid_rows], dataset.labels[valid_rows]
    seed = experiment.fold_seed(task.fold)

    environment = describe_environment() | experiment.trainer.describe_backend()
    claim(task.checkpoint_dir, experiment, dataset, task.lessons, environment)
    say(f"{task}: {len(train_rows):,} rows to train on, {len(valid_rows):,} to validate on")
    started = time.perf_counter()
    classifier = experiment.trainer.fit(train, valid, seed, task.checkpoint_dir, task.lessons)
    # The history also counts the epochs from before an interruption.
    train_seconds = sum(entry["seconds"] for entry in classifier.history) or time.perf_counter() - started
    started = time.perf_counter()
    valid_proba = classifier.predict_proba(valid[0])
    train_proba = classifier.predict_proba(train[0][:NUM_TRAIN_PREDICTED])
    test_started = time.perf_counter()
    test_proba = classifier.predict_proba(dataset.test_images)
    ended = time.perf_counter()

    weights_path = task.checkpoint_dir / f"model{classifier.suffix}"
    classifier.save(weights_path)
    record: dict[str, Any] = {
        "experiment": experiment.name,
        "fold": task.fold,
        "recipe": experiment.describe(),
        "recipe_hash": experiment.hash(),
        "seed": seed,
        "fingerprints": dataset.fingerprints(),
        "num_train_rows": len(train_rows),
        "num_valid_rows": len(valid_rows),
        "valid_accuracy": accuracy(valid[1], valid_proba),
        "train_accuracy": accuracy(train[1][:NUM_TRAIN_PREDICTED], train_proba),
        "train_seconds": train_seconds,
        "predict_seconds": ended - started,
        "inference_images_per_second": len(dataset.test_images) / (ended - test_started),
        "single_image_seconds": _measure_single(classifier, dataset.test_images),
        "num_parameters": classifier.num_parameters(),
        "model_bytes": weights_path.stat().st_size,
        "history": list(classifier.history),
        **environment,
    }
    return FoldResult(valid_rows, valid_proba, test_proba, weights_path, record)


def _measure_single(classifier: Classifier, images: np.ndarray, num_tries: int = 20) -> float:
    """Seconds, the median of a few tries, that a prediction takes if there is but one image."""
    classifier.predict_proba(images[:1])  # compiles
    seconds = []
    for number in range(min(num_tries, len(images))):
        started = time.perf_counter()
        classifier.predict_proba(images[number : number + 1])
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds))


def claim(
    checkpoint_dir: Path,
    experiment: Experiment,
    dataset: Dataset,
    lessons: tuple[np.ndarray, ...] | None,
    environment: dict[str, Any],
) -> None:
    """Empty a checkpoint directory unless it was left by this very training on this machine, versions and threads."""
    same = {name: value for name, value in environment.items() if name != "commit"}
    taught = None if lessons is None else fingerprint(*lessons)
    text = json.dumps([experiment.hash(), dataset.fingerprints(), same, taught])
    path = checkpoint_dir / "claim.json"
    if not path.exists() or path.read_text() != text:
        if checkpoint_dir.exists():
            shutil.rmtree(checkpoint_dir)
        with replacing(path) as temporary:
            temporary.write_text(text)


def run(
    experiments: Sequence[Experiment],
    folds: Sequence[int] | None,
    workspace: Workspace,
    runner: Runner,
    estimate: bool = False,
) -> None:
    """Train what is not complete yet, fold by fold, and save each result as it arrives.

    Args:
        folds: which ones; None for all.
        estimate: first measure shortly, and say, how long it will take.

    Raises:
        InputError: missing or damaged input, a fold that does not exist, a complete fold of another recipe or data, or
            a student whose teacher is neither complete nor trained now.
    """
    dataset = load_dataset(workspace)
    with locked(*(workspace.oof_dir / experiment.name for experiment in experiments)):
        chosen = range(dataset.folds.num_folds) if folds is None else folds
        tasks = find_pending(experiments, chosen, dataset, workspace)
        for experiment in experiments:
            _tidy(experiment, dataset.folds.num_folds, workspace)
        say(f"{len(tasks)} folds to train, {len(experiments) * len(chosen) - len(tasks)} complete")
        if estimate and tasks:
            say("measuring how long this will take")
            say(f"this will take about {max(1, round(estimate_seconds(tasks) / 60))} min on this machine")
        with bar("folds", len(tasks)) as fold_done:
            for generation in split_generations(tasks):  # teachers are done before their students start
                for result in runner(train_fold, [add_lessons(task, workspace) for task in generation]):
                    save_fold_result(result, workspace)
                    shutil.rmtree(result.weights_path.parent)
                    say(_summarize(result))
                    fold_done()


def _tidy(experiment: Experiment, num_folds: int, workspace: Workspace) -> None:
    """Delete what a crash has left: temporary files, and the checkpoints of folds that are complete."""
    sweep(workspace.oof_dir / experiment.name)
    for record in load_records(workspace, experiment.name, num_folds):
        checkpoint_dir = workspace.checkpoint_dir(experiment.name, record["fold"])
        if checkpoint_dir.exists():
            shutil.rmtree(checkpoint_dir)


def _summarize(result: FoldResult) -> str:
    record = result.record
    valid = format_accuracy(record["valid_accuracy"], record["num_valid_rows"])
    return f"{record['experiment']} fold {record['fold']} done: valid {valid}, {record['train_seconds']:.0f} s"


def estimate_seconds(tasks: Sequence[FoldTask]) -> float:
    """Measure shortly how long the tasks take one after the other, from their first epoch on."""
    seconds: dict[str, float] = {}
    for task in tasks:
        if task.experiment.name not in seconds:
            seconds[task.experiment.name] = _estimate_task(task)
    return sum(seconds[task.experiment.name] for task in tasks)


def _estimate_task(task: FoldTask) -> float:
    dataset = task.dataset
    rows, valid_rows = task.split()
    images, labels = dataset.images[rows], dataset.labels[rows]
    if task.experiment.teachers:
        times = 1 + LESSONS.copies + LESSONS.scraps
        some = np.resize(np.arange(len(rows)), round(times * len(rows)))
        images, labels = images[some], labels[some]
    num_predicted = len(valid_rows) + NUM_TRAIN_PREDICTED + len(dataset.test_images)
    return task.experiment.trainer.estimate_seconds((images, labels), len(valid_rows), num_predicted)

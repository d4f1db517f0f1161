"""`train_fold` makes one fold result; `run` makes the pending ones of a workspace through a runner and saves them."""

import json
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.artifacts import FoldResult, load_records, save_fold_result
from src.datasets import Dataset, load_dataset
from src.errors import InputError
from src.experiments import Experiment
from src.metrics import accuracy, format_accuracy
from src.progress import bar, say
from src.provenance import describe_environment
from src.workspace import Workspace, locked, replacing, sweep


@dataclass(frozen=True)
class FoldTask:
    """The arguments of `train_fold`."""

    experiment: Experiment
    fold: int
    dataset: Dataset
    checkpoint_dir: Path


Runner = Callable[[Callable[[FoldTask], FoldResult], Sequence[FoldTask]], Iterable[FoldResult]]
"""Runs a task on each of the arguments and gives the results as they finish."""


def train_fold(task: FoldTask) -> FoldResult:
    """Train one experiment on one fold and predict its validation part and the test images.

    Touches nothing but `task.checkpoint_dir`, where it also leaves the fitted model's file.
    """
    experiment, dataset = task.experiment, task.dataset
    train_rows, valid_rows = dataset.folds.split(task.fold)
    train = dataset.images[train_rows], dataset.labels[train_rows]
    valid = dataset.images[valid_rows], dataset.labels[valid_rows]
    seed = experiment.fold_seed(task.fold)

    environment = describe_environment() | experiment.trainer.describe_backend()
    _claim(task, environment)
    say(f"{experiment.name} fold {task.fold}: {len(train_rows):,} rows to train on, {len(valid_rows):,} to validate on")
    started = time.perf_counter()
    classifier = experiment.trainer.fit(train, valid, seed, task.checkpoint_dir)
    # The history also counts the epochs from before an interruption.
    train_seconds = sum(entry["seconds"] for entry in classifier.history) or time.perf_counter() - started
    valid_proba = classifier.predict_proba(valid[0])
    started = time.perf_counter()
    test_proba = classifier.predict_proba(dataset.test_images)
    test_seconds = time.perf_counter() - started

    some = slice(len(valid_rows))  # as many training rows as validation rows: a fair and a quick comparison
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
        "train_accuracy": accuracy(train[1][some], classifier.predict_proba(train[0][some])),
        "train_seconds": train_seconds,
        "inference_images_per_second": len(dataset.test_images) / test_seconds,
        "num_parameters": classifier.num_parameters(),
        "model_bytes": weights_path.stat().st_size,
        "history": list(classifier.history),
        **environment,
    }
    return FoldResult(valid_rows, valid_proba, test_proba, weights_path, record)


def _claim(task: FoldTask, environment: dict[str, Any]) -> None:
    """Empty the checkpoint directory unless it was left by this very task on this machine, versions and threads."""
    same = {name: value for name, value in environment.items() if name != "commit"}
    claim = json.dumps([task.experiment.hash(), task.dataset.fingerprints(), same])
    path = task.checkpoint_dir / "claim.json"
    if not path.exists() or path.read_text() != claim:
        if task.checkpoint_dir.exists():
            shutil.rmtree(task.checkpoint_dir)
        with replacing(path) as temporary:
            temporary.write_text(claim)


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
        InputError: missing or damaged input, a fold that does not exist, or a complete fold of another recipe or data.
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
            for result in runner(train_fold, tasks):
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


def find_pending(
    experiments: Sequence[Experiment], folds: Sequence[int], dataset: Dataset, workspace: Workspace
) -> list[FoldTask]:
    """List the folds that are still to be trained, after checking the complete ones; raises InputError as `run`."""
    num_folds = dataset.folds.num_folds
    for fold in folds:
        if not 0 <= fold < num_folds:
            raise InputError(f"there is no fold {fold}: {workspace.folds_csv} has the folds 0..{num_folds - 1}")
    fingerprints = dataset.fingerprints()
    tasks = []
    for experiment in experiments:
        records = load_records(workspace, experiment.name, num_folds)
        for record in records:  # also of folds that are not chosen: one name is one recipe
            _require_unchanged(record, experiment, fingerprints, workspace)
        complete = {record["fold"] for record in records}
        for fold in sorted(set(folds) - complete):
            checkpoint_dir = workspace.checkpoint_dir(experiment.name, fold)
            tasks.append(FoldTask(experiment, fold, dataset, checkpoint_dir))
    return tasks


def _require_unchanged(
    record: dict[str, Any], experiment: Experiment, fingerprints: dict[str, str], workspace: Workspace
) -> None:
    directory = workspace.oof_dir / experiment.name
    if record["recipe_hash"] != experiment.hash():
        raise InputError(
            f"fold {record['fold']} of {experiment.name} was trained by another recipe than experiments.py now holds; "
            f"give the new recipe a new name, or give up the old results: rm -r {directory}"
        )
    if record["fingerprints"] != fingerprints:
        changed = ", ".join(name for name in fingerprints if record["fingerprints"].get(name) != fingerprints[name])
        raise InputError(
            f"fold {record['fold']} of {experiment.name} was trained on other data ({changed} changed); restore the "
            f"data, or give up the old results: rm -r {directory}"
        )


def _summarize(result: FoldResult) -> str:
    record = result.record
    valid = format_accuracy(record["valid_accuracy"], record["num_valid_rows"])
    return f"{record['experiment']} fold {record['fold']} done: valid {valid}, {record['train_seconds']:.0f} s"


def estimate_seconds(tasks: Sequence[FoldTask]) -> float:
    """Measure shortly how long the tasks take one after the other, from their first epoch on."""
    seconds: dict[str, float] = {}
    for task in tasks:
        if task.experiment.name not in seconds:
            rows, valid_rows = task.dataset.folds.split(task.fold)
            train = task.dataset.images[rows], task.dataset.labels[rows]
            num_predicted = 2 * len(valid_rows) + len(task.dataset.test_images)  # as train_fold does
            seconds[task.experiment.name] = task.experiment.trainer.estimate_seconds(
                train, len(valid_rows), num_predicted
            )
    return sum(seconds[task.experiment.name] for task in tasks)

"""A machine with a GPU: whether training works there, how fast it is, and how accurate."""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax

from src.benchmark.scaling import take_rows
from src.common.metrics import standard_error
from src.common.provenance import describe_environment
from src.common.workspace import REPOSITORY, Workspace
from src.data.csv_files import load_train
from src.data.datasets import Dataset, load_dataset
from src.data.folds import make_folds, save_folds
from src.data.sample import write_sample
from src.experiments import DEFAULT, EXPERIMENTS, Experiment
from src.training.backend import describe_backend
from src.training.trainers import TrainingContext
from src.validation import cross_validation
from src.validation.fold_results import FoldRecord, load_fold_records
from src.validation.fold_tasks import FoldTask
from src.validation.runners.local import run_local, run_processes

_LATEST_START = 400  # seconds: no step starts later, so that all end within eight minutes
_MAX_WAIT = 180  # seconds that a training waits for the others, which are still being compiled
_FOLDS_AT_ONCE = (8, 4, 2)
_NUM_EPOCHS = 2  # of each measurement of the speed
_NUM_SMOKE_ROWS = 4000
_ACCURACY_FOLDS = (0, 1)
_FULL_ROWS = 42_000
_QUICK_ERRORS = 198  # of the full data, on a CPU; see oof/README.md
_PUBLISHED = {"networks": 15, "epochs": 45, "images": 37_800}
"""Of Chris Deotte, "25 Million Images! [0.99757] MNIST", whose network is that of `strided`."""


def measure_gpu(
    workspace: Workspace, networks: Sequence[Experiment] = DEFAULT, quick: Experiment = EXPERIMENTS["quick"]
) -> Iterator[dict[str, Any]]:
    """Measure step by step, the cheap steps first. An exception ends its step alone.

    Args:
        workspace: holds the data; if it does not, the embedded sample is used. Nothing is written to it.
        networks: whose speed is measured; the time of the published training is that of the first.
        quick: whose accuracy is measured.

    Yields:
        For each step, as soon as it ends: `step`, its figures or an `error`, and `elapsed_seconds` since the start.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        copy = _copy_workspace(workspace, Path(directory) / "all")
        dataset = load_dataset(copy)
        speeds: dict[str, dict[int, float]] = {network.name: {} for network in networks}
        alone, together = (
            {
                f"{network.name}, folds at once: {', '.join(map(str, counts))}": partial(
                    _measure_speed, network, dataset, counts, speeds[network.name]
                )
                for network in networks
            }
            for counts in ((1,), _FOLDS_AT_ONCE)
        )
        steps: dict[str, Callable[[], dict[str, Any]]] = {
            "machine": partial(_describe_machine, dataset),
            "smoke": partial(_compare_records, copy, Path(directory)),
            **alone,
            f"accuracy of {quick.name}": partial(_measure_accuracy, quick, copy, workspace),
            **together,
            f"published training of {networks[0].name}": partial(_extrapolate, speeds[networks[0].name]),
        }
        for name, step in steps.items():
            result = _attempt(step, time.monotonic() - started)
            yield {"step": name, **result, "elapsed_seconds": round(time.monotonic() - started, 1)}


def _attempt(step: Callable[[], dict[str, Any]], elapsed_seconds: float) -> dict[str, Any]:
    if elapsed_seconds > _LATEST_START:
        return {"error": f"not started, as {_LATEST_START} s had passed"}
    try:
        return step()
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def _copy_workspace(workspace: Workspace, root: Path) -> Workspace:
    """Make a workspace of the same data and folds; of the embedded sample if there is no data."""
    copy = Workspace(root)
    if not workspace.train_csv.exists():
        write_sample(copy)
    else:
        root.mkdir()
        copy.input_dir.symlink_to(workspace.input_dir)
        if workspace.folds_csv.exists():
            copy.folds_csv.parent.symlink_to(workspace.folds_csv.parent)
            return copy
    save_folds(make_folds(*load_train(copy)), copy)
    return copy


def _describe_machine(dataset: Dataset) -> dict[str, Any]:
    """Return the device, the versions and the size of the data."""
    return {
        "accelerator": jax.devices()[0].device_kind,
        **describe_backend(mixed_precision=True),
        **describe_environment(),
        "num_train_rows": len(dataset.labels),
    }


def _compare_records(workspace: Workspace, directory: Path) -> dict[str, Any]:
    """Train fold 0 of `smoke` on some rows here and in a process that sees the CPU alone.

    Returns:
        same_fields: whether both records have the same fields, nested ones included.
        different_fields: those that only one has.
        here, cpu: some figures of both.
    """
    smoke = EXPERIMENTS["smoke"]
    here = take_rows(workspace, directory / "smoke", _NUM_SMOKE_ROWS)
    on_cpu = _copy_workspace(here, directory / "smoke_on_cpu")
    cross_validation.run([smoke], [0], here, run_local)
    command = [sys.executable, "-m", "scripts.train", smoke.name, "--folds", "0"]
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "DIGITS_WORKSPACE": str(on_cpu.root)}
    subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=sys.stderr, check=True)
    records = [json.loads(place.fold_path(smoke.name, 0, ".json").read_text()) for place in (here, on_cpu)]
    different = _list_fields(records[0]) ^ _list_fields(records[1])
    chosen = ("device", "precision", "valid_accuracy", "train_seconds", "predict_seconds")
    figures = [{name: record[name] for name in chosen} for record in records]
    return {
        "same_fields": not different,
        "different_fields": sorted(different),
        "here": figures[0],
        "cpu": figures[1],
    }


def _list_fields(value: Any, path: str = "") -> set[str]:
    """List the paths of all fields of a JSON value; the items of a list count as one."""
    if isinstance(value, list):
        return set().union(*(_list_fields(item, f"{path}[]") for item in value))
    if isinstance(value, dict):
        return set().union(*({f"{path}.{name}"} | _list_fields(item, f"{path}.{name}") for name, item in value.items()))
    return set()


def _measure_speed(
    experiment: Experiment, dataset: Dataset, counts: Sequence[int], speeds: dict[int, float]
) -> dict[str, Any]:
    """Measure images per second while so many trainings of fold 0 run at once, in as many processes.

    Args:
        experiment: what is trained; it has more epochs than are measured.
        dataset: the images.
        counts: numbers of trainings, falling. A single one runs in this process.
        speeds: gets the images per second of each number, those of all trainings together.

    Returns:
        For each number: images_per_second, everything included that happens between two epochs; between_epochs, the
            fraction of the time that this takes.
        first_epoch_seconds: until all have finished their first epoch, compilation included.
    """
    num_images = len(dataset.folds.split(0, experiment.train_fraction)[0])
    started = time.monotonic()
    with multiprocessing.get_context("spawn").Manager() as manager:
        barriers = {count: manager.Barrier(count) if count > 1 else threading.Barrier(1) for count in counts}
        tasks = [
            _PacedTask(experiment, dataset, number, {count: barriers[count] for count in counts if number < count})
            for number in range(max(counts))
        ]
        runner = run_local if len(tasks) == 1 else partial(run_processes, num_jobs=len(tasks))
        spans = list(runner(_train_paced, tasks))
    figures: dict[str, Any] = {}
    for count in counts:
        starts, ends, epoch_seconds = zip(*(span[count] for span in spans if count in span), strict=True)
        speeds[count] = count * _NUM_EPOCHS * num_images / (max(ends) - min(starts))
        between = 1 - sum(epoch_seconds) / (sum(ends) - sum(starts))
        figures[str(count)] = {"images_per_second": round(speeds[count]), "between_epochs": round(between, 3)}
    first = min(start for span in spans for start, *_ in span.values())
    return {**figures, "first_epoch_seconds": round(first - started, 1)}


@dataclass(frozen=True)
class _PacedTask:
    """One of several trainings that keep in step."""

    experiment: Experiment
    dataset: Dataset
    number: int
    barriers: Mapping[int, Any]  # for each number of trainings at once, falling; those that this one takes part in

    def __str__(self) -> str:
        return f"{self.experiment.name} {self.number}"


Span = tuple[float, float, float]
"""Start, end and seconds of the epochs alone. The clock is that of the machine, the same in all processes."""


def _train_paced(task: _PacedTask) -> dict[int, Span]:
    """Train fold 0, a few epochs at each number of trainings at once. The first epoch compiles and is not measured."""
    spans: dict[int, Span] = {}
    waiting = list(task.barriers.items())
    running: list[tuple[int, float]] = []  # the present number of trainings and when it began
    history: list[float] = []

    def pace(entry: dict[str, float]) -> None:
        history.append(entry["seconds"])
        if (len(history) - 1) % _NUM_EPOCHS:
            return
        if running:
            count, started = running.pop()
            spans[count] = (started, time.monotonic(), sum(history[-_NUM_EPOCHS:]))
        if not waiting:
            raise _EnoughError
        count, barrier = waiting.pop(0)
        barrier.wait(_MAX_WAIT)
        running.append((count, time.monotonic()))

    with tempfile.TemporaryDirectory() as directory, suppress(_EnoughError):
        fold = FoldTask(task.experiment, 0, task.dataset, Path(directory))
        train, valid = map(fold.take, fold.split())
        task.experiment.trainer.fit(train, valid, task.number, TrainingContext(Path(directory), report=pace))
    return spans


class _EnoughError(Exception):
    """Ends a training whose speed has been measured."""


def _measure_accuracy(experiment: Experiment, copy: Workspace, workspace: Workspace) -> dict[str, Any]:
    """Train two folds.

    Returns:
        accuracy, standard_error: of the rows of both folds.
        train_seconds, predict_seconds, inference_images_per_second: of each fold; the first one compiles.
        cpu: accuracy and standard_error on a CPU, of the same folds where the workspace has them, otherwise of five
            folds of the full data; None for other data.
    """
    cross_validation.run([experiment], _ACCURACY_FOLDS, copy, run_local)
    num_folds = 1 + max(_ACCURACY_FOLDS)
    records = load_fold_records(copy, experiment.name, num_folds)
    on_cpu = [r for r in load_fold_records(workspace, experiment.name, num_folds) if r.device.startswith("cpu")]
    num_rows = records[0].num_train_rows + records[0].num_valid_rows
    cpu = _summarize(on_cpu) if len(on_cpu) == num_folds else None
    if cpu is None and (experiment.name, num_rows) == ("quick", _FULL_ROWS):
        cpu = _estimate(_QUICK_ERRORS, _FULL_ROWS)
    timings = ("train_seconds", "predict_seconds", "inference_images_per_second")
    return {
        **_summarize(records),
        **{name: [round(getattr(record, name), 1) for record in records] for name in timings},
        "cpu": cpu,
    }


def _summarize(records: Sequence[FoldRecord]) -> dict[str, float]:
    num_errors = sum(round((1 - record.valid_accuracy) * record.num_valid_rows) for record in records)
    return _estimate(num_errors, sum(record.num_valid_rows for record in records))


def _estimate(num_errors: int, num_rows: int) -> dict[str, float]:
    accuracy = 1 - num_errors / num_rows
    return {"accuracy": round(accuracy, 5), "standard_error": round(standard_error(accuracy, num_rows), 5)}


def _extrapolate(speeds: Mapping[int, float]) -> dict[str, Any]:
    """Estimate the time of the published training from the highest of the measured speeds."""
    count = max(speeds, key=lambda count: speeds[count])
    num_images = _PUBLISHED["networks"] * _PUBLISHED["epochs"] * _PUBLISHED["images"]
    return {
        **_PUBLISHED,
        "seconds": round(num_images / speeds[count]),
        "extrapolated": f"from {_NUM_EPOCHS} epochs of {count} trainings at once; starts, compilation and predictions "
        "are not included",
    }

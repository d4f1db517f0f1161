"""How fast the pipeline reads the CSV, augments and trains, and how much memory it takes."""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import joblib
import keras
import numpy as np
import pandas as pd

from src.common.arrays import Images, Labels
from src.common.competition import NUM_CLASSES
from src.common.provenance import describe_environment
from src.common.workspace import Workspace
from src.data.csv_files import read_train
from src.data.datasets import Dataset, load_dataset
from src.experiments import DEFAULT, EXPERIMENTS, Experiment
from src.models.layers import with_keras_layers
from src.training.backend import prepare_backend
from src.training.keras_fit import AugmentedBatches
from src.training.keras_trainer import KerasTrainer
from src.validation.cross_validation import train_fold
from src.validation.fold_tasks import FoldTask
from src.validation.runners.local import run_processes

_NUM_FITS = 3  # whose median is taken, after one that compiles
_STRIDED = cast(KerasTrainer, EXPERIMENTS["strided"].trainer)


def measure_training(
    workspace: Workspace, networks: Sequence[Experiment] = DEFAULT, num_repeats: int = 3, num_batches: int = 100
) -> dict[str, Any]:
    """Measure everything on the data of a workspace; 7 minutes on two cores with the competition's data.

    Args:
        workspace: where the data is.
        networks: whose speed is measured; the figures of one network are those of the first.
        num_repeats: how often each measurement is made, in turn with what it is compared with.
        num_batches: that a network is trained on, each time.

    Returns:
        csv_over_pandas: seconds of reading train.csv, relative to pandas.read_csv, median of paired repeats.
        networks: images per second of each network: `ours` as the main job trains, one fold on each
            core; `keras` with Keras' layers in float32, one fold on all cores; and `speedup`, the median ratio of
            paired repeats.
        augmented_over_plain: images per second of one network, relative to training without augmentation, median of
            paired repeats.
        fit_peak_fraction: floating-point operations per second of the training of one network, relative to those of a
            large float32 matrix product in the same processes (peak_gflops), median of the repeats.
        peak_memory_gb: of a process that trained and predicted one fold of `strided` (one epoch).
        num_train_rows: of the workspace's data.
        environment: versions and machine.
    """
    dataset = load_dataset(workspace)
    _train_one_epoch(dataset)
    peak_memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # ru_maxrss is in kilobytes.
    return {
        "csv_over_pandas": _compare_csv_readers(workspace.train_csv, num_repeats),
        **_compare_fits(dataset, networks, num_repeats, num_batches),
        "peak_memory_gb": round(peak_memory_gb, 2),
        "num_train_rows": len(dataset.labels),
        "environment": describe_environment(),
    }


def _train_one_epoch(dataset: Dataset) -> None:
    experiment = replace(EXPERIMENTS["strided"], trainer=replace(_STRIDED, epochs=1))
    with tempfile.TemporaryDirectory() as directory:
        train_fold(FoldTask(experiment, 0, dataset, Path(directory)))


def _compare_csv_readers(path: Path, num_repeats: int) -> float:
    ratios = [_time(lambda: read_train(path)) / _time(lambda: pd.read_csv(path)) for _ in range(num_repeats)]
    return round(statistics.median(ratios), 3)


def _time(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


class _Stopwatch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Times a fit from its first finished batch to its last, so without compilation, start and end."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        if batch == 0:
            self.started = now
        self.seconds_per_batch = (now - self.started) / max(batch, 1)


@dataclass(frozen=True)
class _FitTask:
    """What a process measures: trainers, one after the other, on the same images."""

    trainers: dict[str, KerasTrainer]
    images: Images  # uint8 (n, 28, 28, 1)
    labels: Labels
    keras_layers: bool = False  # Keras' layers in float32 instead of ours


Speeds = dict[str, float]
"""Images per second of each trainer, and under `_PEAK` the operations per second of a large matrix product."""
_PEAK = "peak"


def _compare_fits(
    dataset: Dataset, networks: Sequence[Experiment], num_repeats: int, num_batches: int
) -> dict[str, Any]:
    trainers = {experiment.name: cast(KerasTrainer, experiment.trainer) for experiment in networks}
    first, trainer = next(iter(trainers.items()))
    rows = np.arange(num_batches * trainer.batch_size) % len(dataset.labels)
    old = _FitTask(trainers, dataset.images[rows], dataset.labels[rows], keras_layers=True)
    new = replace(old, trainers=trainers | {"plain": replace(trainer, augmentation=None)}, keras_layers=False)
    repeats = [(_measure(old, num_jobs=1), _measure(new, num_jobs=joblib.cpu_count())) for _ in range(num_repeats)]
    # Two operations each, in three passes: forwards, backwards to the inputs, backwards to the weights.
    operations = 6 * count_multiply_adds(trainer.network())

    def median(figure: Callable[[Speeds, Speeds], float], digits: int | None = None) -> float:
        return round(statistics.median(figure(old, new) for old, new in repeats), digits)

    return {
        "networks": {
            name: {
                "keras": median(lambda old, _: old[name]),  # noqa: B023  # Called at once.
                "ours": median(lambda _, new: new[name]),  # noqa: B023
                "speedup": median(lambda old, new: new[name] / old[name], 2),  # noqa: B023
            }
            for name in trainers
        },
        "augmented_over_plain": median(lambda _, new: new[first] / new["plain"], 3),
        "fit_peak_fraction": median(lambda _, new: operations * new[first] / new[_PEAK], 3),
        "peak_gflops": median(lambda _, new: new[_PEAK] / 1e9),
    }


def _measure(task: _FitTask, num_jobs: int) -> Speeds:
    """Train in several processes at once; return their speeds together."""
    speeds = list(run_processes(_measure_fits, [task] * num_jobs, num_jobs))
    return {name: sum(speed[name] for speed in speeds) for name in speeds[0]}


def _measure_fits(task: _FitTask) -> Speeds:
    speeds = {name: _measure_fit(trainer, task) for name, trainer in task.trainers.items()}
    return speeds | {_PEAK: _measure_matmul()}


def _measure_fit(trainer: KerasTrainer, task: _FitTask) -> float:
    targets = np.eye(NUM_CLASSES, dtype=np.float32)[task.labels]
    batches = AugmentedBatches(task.images, targets, trainer.batch_size, trainer.augmentation, seed=0)
    prepare_backend(seed=0, mixed_precision=trainer.mixed_precision and not task.keras_layers)
    model = trainer.compile(len(batches))
    if task.keras_layers:
        model = with_keras_layers(model)
        model.compile(keras.optimizers.RMSprop(), "categorical_crossentropy", metrics=["accuracy"])
    speeds = []
    for _ in range(1 + _NUM_FITS):
        watch = _Stopwatch()
        model.fit(batches, callbacks=[watch], verbose=0)
        speeds.append(trainer.batch_size / watch.seconds_per_batch)
    return statistics.median(speeds[1:])


def count_multiply_adds(model: keras.Model) -> int:
    """Count the multiply-adds of the convolutions and dense layers for one image, forwards."""
    places = {layer: int(np.prod(layer.output.shape[1:-1])) for layer in model.layers if hasattr(layer, "kernel")}
    return sum(num_places * int(np.prod(layer.kernel.shape)) for layer, num_places in places.items())


def _measure_matmul(size: int = 3072, num_tries: int = 3) -> float:
    """Measure the floating-point operations per second of a large float32 matrix product: the best of a few tries."""
    matrix = keras.random.normal((size, size))

    def multiply() -> None:
        keras.ops.convert_to_numpy(keras.ops.matmul(matrix, matrix)[0, 0])  # Waits for the result.

    return 2 * size**3 / min(_time(multiply) for _ in range(num_tries))

"""How fast the pipeline reads the CSV, augments and trains, and how much memory it takes."""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import pandas as pd

from src.common.competition import NUM_CLASSES
from src.common.provenance import describe_environment
from src.common.workspace import Workspace
from src.data.csv_files import read_train
from src.data.datasets import Dataset, load_dataset
from src.experiments import DEFAULT, EXPERIMENTS, Experiment
from src.images.augmentation import Augmentation
from src.models.layers import with_keras_layers
from src.training.backend import prepare_backend
from src.training.keras_fit import AugmentedBatches
from src.training.keras_trainer import KerasTrainer
from src.validation.cross_validation import train_fold
from src.validation.fold_tasks import FoldTask

_NUM_REPEATS = 5
_NUM_BATCHES = 100  # per repeat of a measurement
_STRIDED = cast(KerasTrainer, EXPERIMENTS["strided"].trainer)


def measure_training(workspace: Workspace) -> dict[str, Any]:
    """Measure everything on the data of a workspace; a few minutes on two cores with the competition's data.

    Returns:
        csv_over_pandas: seconds of reading train.csv, relative to pandas.read_csv, median of paired repeats.
        augmented_over_plain: images per second of `fit` on affinely augmented batches, relative to `fit` on an array in
            memory, `strided` network, median of paired repeats.
        augmented_images_per_second, plain_images_per_second: medians.
        fit_peak_fraction: floating-point operations per second of `fit` on augmented batches, `strided` network,
            relative to those of a large matrix product (peak_gflops), median of paired repeats.
        networks: images per second of each network of the default set, with our layers and precision (`ours`) and with
            Keras' layers in float32 (`keras`), and `speedup`, the median ratio of paired repeats.
        peak_memory_gb: of a process that trained and predicted one fold of the `strided` network (one epoch).
        num_train_rows: of the workspace's data.
        environment: versions and machine.
    """
    dataset = load_dataset(workspace)
    _train_one_epoch(dataset)
    peak_memory_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # ru_maxrss is in kilobytes.
    return {
        "csv_over_pandas": _compare_csv_readers(workspace.train_csv),
        **_compare_fits(dataset),
        "networks": {experiment.name: _compare_layers(experiment, dataset) for experiment in DEFAULT},
        "peak_memory_gb": round(peak_memory_gb, 2),
        "num_train_rows": len(dataset.labels),
        "environment": describe_environment(),
    }


def _train_one_epoch(dataset: Dataset) -> None:
    experiment = replace(EXPERIMENTS["strided"], trainer=replace(_STRIDED, epochs=1))
    with tempfile.TemporaryDirectory() as directory:
        train_fold(FoldTask(experiment, 0, dataset, Path(directory)))


def _compare_csv_readers(path: Path) -> float:
    ratios = [_time(lambda: read_train(path)) / _time(lambda: pd.read_csv(path)) for _ in range(_NUM_REPEATS)]
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


def _compare_fits(dataset: Dataset) -> dict[str, float]:
    prepare_backend(seed=0, mixed_precision=_STRIDED.mixed_precision)
    augmented = _make_batches(dataset, replace(_STRIDED, augmentation=Augmentation()))
    images, targets = augmented.images, augmented.targets
    sources: dict[str, dict[str, Any]] = {
        "augmented": {"x": augmented},
        "plain": {"x": images, "y": targets, "batch_size": _STRIDED.batch_size},
    }
    model = _STRIDED.network()
    model.compile(keras.optimizers.RMSprop(), "categorical_crossentropy", metrics=["accuracy"])
    repeats: list[dict[str, float]] = []
    for _ in range(_NUM_REPEATS + 1):
        speeds = {"peak": _measure_matmul()}
        for name, data in sources.items():
            watch = _Stopwatch()
            model.fit(**data, callbacks=[watch], verbose=0)
            speeds[name] = _STRIDED.batch_size / watch.seconds_per_batch
        repeats.append(speeds)
    # Two operations each, in three passes: forwards, backwards to the inputs, backwards to the weights.
    operations = 6 * count_multiply_adds(model)

    def median(figure: Callable[[dict[str, float]], float], digits: int) -> float:
        return round(statistics.median(map(figure, repeats[1:])), digits)  # The first repeat compiles.

    return {
        "augmented_over_plain": median(lambda speeds: speeds["augmented"] / speeds["plain"], 3),
        "augmented_images_per_second": median(lambda speeds: speeds["augmented"], 0),
        "plain_images_per_second": median(lambda speeds: speeds["plain"], 0),
        "fit_peak_fraction": median(lambda speeds: operations * speeds["augmented"] / speeds["peak"], 3),
        "peak_gflops": median(lambda speeds: speeds["peak"] / 1e9, 0),
    }


def _compare_layers(experiment: Experiment, dataset: Dataset) -> dict[str, float]:
    """Train the same network with our layers and with Keras' layers in turn."""
    trainer = cast(KerasTrainer, experiment.trainer)
    batches = _make_batches(dataset, trainer)
    prepare_backend(seed=0)
    models = {"keras": with_keras_layers(trainer.network())}
    models["keras"].compile(keras.optimizers.RMSprop(), "categorical_crossentropy", metrics=["accuracy"])
    prepare_backend(seed=0, mixed_precision=trainer.mixed_precision)
    models["ours"] = trainer.compile(len(batches))
    repeats: list[dict[str, float]] = []
    for _ in range(_NUM_REPEATS + 1):
        speeds = {}
        for name, model in models.items():
            watch = _Stopwatch()
            model.fit(batches, callbacks=[watch], verbose=0)
            speeds[name] = trainer.batch_size / watch.seconds_per_batch
        repeats.append(speeds)
    figures = {name: round(statistics.median(speeds[name] for speeds in repeats[1:])) for name in models}
    ratio = statistics.median(speeds["ours"] / speeds["keras"] for speeds in repeats[1:])
    return {**figures, "speedup": round(ratio, 2)}


def _make_batches(dataset: Dataset, trainer: KerasTrainer) -> AugmentedBatches:
    rows = np.arange(_NUM_BATCHES * trainer.batch_size) % len(dataset.labels)
    targets = np.eye(NUM_CLASSES, dtype=np.float32)[dataset.labels[rows]]
    return AugmentedBatches(dataset.images[rows], targets, trainer.batch_size, trainer.augmentation, seed=0)


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

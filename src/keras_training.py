"""What stands under a Keras `fit`: the backend's settings, augmented batches, and a checkpoint after every epoch."""

import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import numpy as np

from src.augmentation import Augmentation, augment
from src.classifiers import KerasClassifier
from src.metrics import accuracy
from src.progress import bar, say
from src.workspace import replacing

NUM_WATCHED = 2000
"""Validation rows that an epoch is measured on, at most."""


def prepare_backend(seed: int) -> None:
    """Forget earlier models, seed everything, and make CPU training repeatable bit by bit.

    This, `trains_on_device` and `describe_backend` alone ask which backend runs. On GPUs determinism costs too much and
    is not promised.
    """
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    keras.config.set_dtype_policy("mixed_bfloat16" if trains_on_device() else "float32")
    if trains_on_device():
        import jax

        programs = Path(tempfile.gettempdir()) / f"jax-programs-{os.getuid()}"
        jax.config.update("jax_compilation_cache_dir", str(programs))  # folds, and processes, share what was compiled
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.get_logger().setLevel("ERROR")  # or it warns of compiling too often: once for each fold's model
        if not tf.config.list_physical_devices("GPU"):
            tf.config.experimental.enable_op_determinism()


def trains_on_device() -> bool:
    """Whether whole epochs run on a GPU, with the images in its memory and arithmetic in bfloat16: JAX with a GPU."""
    return keras.config.backend() == "jax" and keras.distribution.list_devices()[0].startswith("gpu")


def describe_backend() -> dict[str, str]:
    """Keras' backend and the device that it computes on, such as tensorflow and cpu:0."""
    return {"backend": keras.config.backend(), "device": keras.distribution.list_devices()[0]}


class AugmentedBatches(keras.utils.PyDataset):
    """Shuffled, augmented batches of equal size, made ahead in threads; the same ones for any number of workers.

    The rows that do not fill a last batch are left out, others in each epoch. Images are uint8
    (batch_size, 28, 28, 1), targets float32 (batch_size, 10): probabilities, which for a labelled row are 0 and 1. Or
    strips, see src/strip_lessons.py.
    """

    def __init__(
        self,
        images: np.ndarray,
        targets: np.ndarray,
        batch_size: int,
        augmentation: Augmentation | None,
        seed: int,
        workers: int = 2,
    ):
        # Not one worker: Keras would feed TensorFlow through an autotuned pipeline, which stalls for seconds each
        # time it is shut down (after every epoch).
        super().__init__(workers=workers, max_queue_size=16)
        self.images, self.targets = images, targets
        self.batch_size = min(batch_size, len(targets))
        self.augmentation, self.seed = augmentation, seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Choose the epoch, and with it the order of the rows and the distortions; before workers start on it."""
        self.epoch = epoch
        self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.targets))

    def __len__(self) -> int:
        return len(self.targets) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = self.images[rows]
        if self.augmentation is not None:
            images = augment(self.augmentation, images, seed=(self.seed, self.epoch, index))
        return images, self.targets[rows]


class Checkpoint:
    """The last finished epoch of an unfinished training: weights, optimizer state and history.

    Plain arrays: HDF5, which `save_weights` writes, takes the process down when the disk is full.
    """

    def __init__(self, model: keras.Model, directory: Path):
        """Restore the model and the history from the directory, if an epoch was finished there."""
        self.model, self.directory = model, directory
        self.history: list[dict[str, Any]] = []
        model.optimizer.build(model.trainable_variables)
        self.variables = [*model.variables, *model.optimizer.variables]
        saved = sorted(directory.glob("epoch_*.npz"))
        if saved:
            num_epochs = int(saved[-1].stem.removeprefix("epoch_"))
            self.history = json.loads((directory / "history.json").read_text())[:num_epochs]
            with np.load(saved[-1]) as arrays:
                for number, variable in enumerate(self.variables):
                    variable.assign(arrays[f"arr_{number}"])

    def save(self, entry: dict[str, Any]) -> None:
        """Add one epoch to the history and keep the model's state after it."""
        self.history.append(entry)
        with replacing(self.directory / "history.json") as temporary:
            temporary.write_text(json.dumps(self.history))
        previous = list(self.directory.glob("epoch_*.npz"))
        with replacing(self.directory / f"epoch_{len(self.history):04d}.npz") as temporary:
            np.savez(temporary, *[keras.ops.convert_to_numpy(variable) for variable in self.variables])
        for path in previous:
            path.unlink()


def choose_watched(num_valid: int) -> slice:
    """Which validation rows are looked at after each epoch: all of them would cost a twentieth of the training."""
    return slice(None, None, -(-num_valid // NUM_WATCHED))


def measure_valid(model: keras.Model, valid: tuple[np.ndarray, np.ndarray]) -> dict[str, float]:
    """Accuracy on some of the validation rows: images, uint8 (n, 28, 28, 1), and labels, int64 (n,)."""
    images, labels = valid
    watched = choose_watched(len(labels))
    return {"valid_accuracy": accuracy(labels[watched], KerasClassifier(model).predict_proba(images[watched]))}


class EpochWatch(keras.callbacks.Callback):
    """Seeds each epoch, shows its progress, measures it, saves a checkpoint after it, and reports it."""

    def __init__(
        self,
        batches: AugmentedBatches,
        measure: Callable[[], dict[str, float]],
        checkpoint: Checkpoint,
        report: Callable[[dict[str, Any]], None],
    ):
        super().__init__()
        self.batches, self.measure, self.checkpoint, self.report = batches, measure, checkpoint, report
        self.batch_bar, self.epoch_bar = ExitStack(), ExitStack()

    def close(self) -> None:
        """Take the bars off the screen, also those of an interrupted epoch."""
        self.batch_bar.close()
        self.epoch_bar.close()

    def on_train_begin(self, logs: Any = None) -> None:
        epochs = bar("epochs", self.params["epochs"], completed=len(self.checkpoint.history))
        self.epoch_done = self.epoch_bar.enter_context(epochs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batches.start_epoch(epoch)
        # A checkpoint does not hold the state of dropout, so it starts each epoch from a seed of its own.
        for number, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([self.batches.seed + number, epoch])
        self.batch_done = self.batch_bar.enter_context(bar("batches", len(self.batches)))
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batch_done()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        seconds = time.perf_counter() - self.started
        self.batch_bar.close()
        entry = {name: float(value) for name, value in logs.items()} | self.measure() | {"seconds": seconds}
        self.checkpoint.save(entry)
        self.epoch_done()
        figures = "  ".join(f"{name} {value:.4f}" for name, value in entry.items() if name != "seconds")
        say(f"  epoch {epoch + 1}/{self.params['epochs']}  {figures}  {seconds:.1f} s")
        self.report(entry)

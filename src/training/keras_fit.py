"""What a Keras `fit` is made of: augmented batches, a checkpoint after every epoch, progress."""

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from src.common.arrays import LabelledImages
from src.common.files import atomic_write
from src.common.metrics import accuracy
from src.common.progress import bar, format_duration, say
from src.images.augmentation import Augmentation, augment
from src.models.classifiers import predict_in_batches
from src.training.trainers import Report

MAX_MEASURED = 2000
"""Validation images that an epoch is measured on, at most."""


class AugmentedBatches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types.
    """Shuffled, augmented batches of equal size, made ahead in threads; the same ones for any number of workers.

    The rows that do not fill a last batch are left out, different ones in each epoch. Images are uint8
    (batch_size, 28, 28, 1) and targets float32 (batch_size, 10): probabilities, which are 0 and 1 for a labelled image.
    Lines of digits have other shapes, see src/training/line_images.py.
    """

    def __init__(
        self,
        images: npt.NDArray[np.uint8],
        targets: npt.NDArray[np.float32],
        batch_size: int,
        augmentation: Augmentation | None,
        seed: int,
        workers: int = 2,
    ):
        # With one worker, Keras would feed TensorFlow through an autotuned pipeline, which stalls for seconds each time
        # it is shut down, that is after every epoch.
        super().__init__(workers=workers, max_queue_size=16)
        self.images, self.targets = images, targets
        self.batch_size = min(batch_size, len(targets))
        self.augmentation, self.seed = augmentation, seed
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Set the epoch, and with it the order of the rows and the distortions; before workers start on it."""
        self.epoch = epoch
        self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.targets))

    def __len__(self) -> int:
        """Count the batches of an epoch."""
        return len(self.targets) // self.batch_size

    def __getitem__(self, index: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Make a batch of the present epoch."""
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
        self.history: list[dict[str, float]] = []
        model.optimizer.build(model.trainable_variables)
        self.variables = [*model.variables, *model.optimizer.variables]
        saved = sorted(directory.glob("epoch_*.npz"))
        if saved:
            num_epochs = int(saved[-1].stem.removeprefix("epoch_"))
            self.history = json.loads((directory / "history.json").read_text())[:num_epochs]
            with np.load(saved[-1]) as arrays:
                for number, variable in enumerate(self.variables):
                    variable.assign(arrays[f"arr_{number}"])

    def save(self, entry: dict[str, float]) -> None:
        """Add one epoch to the history and keep the model's state after it."""
        self.history.append(entry)
        with atomic_write(self.directory / "history.json") as temporary:
            temporary.write_text(json.dumps(self.history))
        previous = list(self.directory.glob("epoch_*.npz"))
        with atomic_write(self.directory / f"epoch_{len(self.history):04d}.npz") as temporary:
            np.savez(temporary, *[keras.ops.convert_to_numpy(variable) for variable in self.variables])
        for path in previous:
            path.unlink()


def measure_valid(model: keras.Model, valid: LabelledImages) -> dict[str, float]:
    """Measure the accuracy on every n-th validation image; all of them would cost a twentieth of the training."""
    step = -(-len(valid.labels) // MAX_MEASURED)
    proba = predict_in_batches(model, valid.images[::step])
    return {"valid_accuracy": accuracy(valid.labels[::step], proba)}


class EpochWatch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Seeds each epoch, shows its progress, measures it, saves a checkpoint after it, and reports it."""

    def __init__(
        self,
        batches: AugmentedBatches,
        measure: Callable[[], dict[str, float]],
        checkpoint: Checkpoint,
        report: Report,
    ):
        super().__init__()
        self.batches, self.measure, self.checkpoint, self.report = batches, measure, checkpoint, report
        self.batch_bar, self.epoch_bar = ExitStack(), ExitStack()

    def close(self) -> None:
        """Remove the progress bars, also those of an interrupted epoch."""
        self.batch_bar.close()
        self.epoch_bar.close()

    def on_train_begin(self, logs: Any = None) -> None:
        """Open the bar of the epochs."""
        epochs = bar("epochs", self.params["epochs"], completed=len(self.checkpoint.history))
        self.first_epoch = len(self.checkpoint.history)
        self.epoch_done = self.epoch_bar.enter_context(epochs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Seed the epoch and open the bar of its batches."""
        self.batches.start_epoch(epoch)
        # A checkpoint does not hold the state of dropout, so dropout starts each epoch from a seed of its own.
        for number, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([self.batches.seed + number, epoch])
        self.batch_done = self.batch_bar.enter_context(bar("batches", len(self.batches)))
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Advance the bar of the batches."""
        self.batch_done()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Measure, save, show and report the epoch."""
        seconds = time.perf_counter() - self.started
        self.batch_bar.close()
        entry = {name: float(value) for name, value in logs.items()} | self.measure() | {"seconds": seconds}
        self.checkpoint.save(entry)
        self.epoch_done()
        figures = "  ".join(f"{name} {value:.4f}" for name, value in entry.items() if name != "seconds")
        say(f"  epoch {epoch + 1}/{self.params['epochs']}  {figures}  {seconds:.1f} s")
        num_left = self.params["epochs"] - epoch - 1
        if epoch == self.first_epoch and num_left:
            say(f"  this fold needs about {format_duration(num_left * seconds)} more")
        self.report(entry)

"""Recipes: frozen dataclasses whose `fit` turns training rows into a classifier; here what they are, and networks."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from src.augmentation import LATER, Augmentation
from src.classifiers import Classifier, KerasClassifier
from src.competition import NUM_CLASSES
from src.keras_training import (
    AugmentedBatches,
    Checkpoint,
    EpochWatch,
    choose_watched,
    describe_backend,
    measure_valid,
    prepare_backend,
    trains_on_device,
)
from src.views import View

Rows = tuple[np.ndarray, np.ndarray]
"""Images, uint8 (n, 28, 28, 1), and their labels, int64 (n,)."""

Report = Callable[[dict[str, Any]], None]
"""Is told each new entry of a training's history, with what was measured; what it raises ends the training."""


UNSURE = 0.1
"""Share of the images at which more than one look is taken, about: 0.02 to 0.18 measured."""


def tell_nobody(entry: dict[str, Any]) -> None:
    """Be told, and do nothing."""


class Trainer(Protocol):
    """A recipe. The same recipe, rows, seed and number of threads give the same bits on one CPU machine."""

    def fit(
        self,
        train: Rows,
        valid: Rows,
        seed: int,
        checkpoint_dir: Path,
        lessons: Rows | None = None,
        report: Report = tell_nobody,
    ) -> Classifier:
        """Train; `valid` is watched, never chosen by. An interrupted training goes on from `checkpoint_dir`.

        Args:
            lessons: more images, uint8 (u, 28, 28, 1), with probabilities, float32 (u, 10), instead of labels.
            report: is told each epoch, or stage of boosting; a kind of trainer that has neither calls it never.

        Raises:
            ValueError: there are lessons, and this kind of trainer cannot learn from probabilities.
        """

    def estimate_seconds(self, train: Rows, num_valid: int, num_predicted: int) -> float:
        """Measure, in a few seconds, how long it takes to fit these rows, watching so many, and to predict so many."""

    def describe_backend(self) -> dict[str, str]:
        """What computes: backend and device."""


@dataclass(frozen=True)
class KerasTrainer:
    """A network trained by RMSprop on augmented batches; the learning rate rises shortly and ends at zero.

    No early stopping and no choice of the best epoch, so the validation part stays a fair judge.
    """

    network: Callable[[], keras.Model]
    epochs: int
    augmentation: Augmentation | None = None
    batch_size: int = 64
    learning_rate: float = 1e-3  # the peak, reached after the warm-up
    rho: float = 0.9  # per step: how long RMSprop remembers squared gradients
    warmup_share: float = 0.05  # of all steps; the rest falls along a cosine
    ema_momentum: float | None = None  # per step; the model keeps the averaged weights instead of the last
    views: tuple[View, ...] = (View(),)  # of each image that is predicted; their probabilities are averaged
    sure_above: float = field(default=1.0, metadata=LATER)  # a greater probability at the first view is enough

    def fit(
        self,
        train: Rows,
        valid: Rows,
        seed: int,
        checkpoint_dir: Path,
        lessons: Rows | None = None,
        report: Report = tell_nobody,
    ) -> KerasClassifier:
        """See `Trainer`."""
        batches, model = self._prepare(train, seed, lessons)
        measure = partial(measure_valid, model, valid)
        model, history = self.fit_batches(model, batches, measure, checkpoint_dir, report)
        return KerasClassifier(model, history, self.views, self.sure_above)

    def fit_batches(
        self,
        model: keras.Model,
        batches: AugmentedBatches,
        measure: Callable[[], dict[str, float]],
        checkpoint_dir: Path,
        report: Report = tell_nobody,
    ) -> tuple[keras.Model, list[dict[str, Any]]]:
        """Train a network that `compile` has made; an interrupted training goes on from `checkpoint_dir`.

        Args:
            batches: of the seed that `prepare_backend` was given.
            measure: gives more figures after each epoch, for its entry in the history.

        Returns:
            the network in float32, and the history.
        """
        checkpoint = Checkpoint(model, checkpoint_dir)
        # Builds what fit would otherwise build by taking a first batch out of the queue: outside TensorFlow the first
        # epoch after a start would then see its batches in another order than the same epoch without interruption.
        model.test_on_batch(*batches[0])
        with closing(EpochWatch(batches, measure, checkpoint, report)) as watch:
            _fit(model, batches, len(checkpoint.history), self.epochs, [watch])
        # Averaged weights are now shared with the optimizer, and JAX gives a model's buffers away when it predicts.
        model.set_weights(model.get_weights())
        return self._in_float32(model), checkpoint.history

    def describe_backend(self) -> dict[str, str]:
        """See `Trainer`."""
        return describe_backend()

    def estimate_seconds(self, train: Rows, num_valid: int, num_predicted: int) -> float:
        """See `Trainer`: two epochs on a few batches, of which the first also compiles."""
        images, labels = (array[: 40 * self.batch_size] for array in train)
        batches, model = self._prepare((images, labels), seed=0)
        seconds = []
        for _ in range(2):
            started = time.perf_counter()
            _fit(model, batches, 0, 1, [])
            seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        KerasClassifier(model).predict_proba(images)
        seconds_per_look = (time.perf_counter() - started) / len(labels)
        num_watched = self.epochs * len(range(num_valid)[choose_watched(num_valid)])
        num_looks = num_watched + num_predicted * (1 + UNSURE * (len(self.views) - 1))
        return seconds[0] + self.epochs * seconds[1] * len(train[1]) / len(labels) + num_looks * seconds_per_look

    def _prepare(self, train: Rows, seed: int, lessons: Rows | None = None) -> tuple[AugmentedBatches, keras.Model]:
        prepare_backend(seed)
        images, targets = train[0], np.eye(NUM_CLASSES, dtype=np.float32)[train[1]]
        if lessons is not None:
            images, targets = np.concatenate([images, lessons[0]]), np.concatenate([targets, lessons[1]])
        batches = AugmentedBatches(images, targets, self.batch_size, self.augmentation, seed)
        return batches, self.compile(len(batches))

    def compile(self, num_batches: int) -> keras.Model:
        """Build the network, with an optimizer for so many batches in each epoch; after `prepare_backend`."""
        model = self.network()
        optimizer = self._build_optimizer(self.epochs * num_batches)
        model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
        return model

    def _in_float32(self, model: keras.Model) -> keras.Model:
        """A model that was trained in mixed precision, for any machine; others as they are."""
        if model.dtype_policy.name == "float32":
            return model
        keras.config.set_dtype_policy("float32")
        plain = self.network()
        plain.set_weights(model.get_weights())
        return plain

    def _build_optimizer(self, num_steps: int) -> keras.optimizers.Optimizer:
        warmup_steps = max(1, round(self.warmup_share * num_steps))
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, num_steps - warmup_steps, warmup_target=self.learning_rate, warmup_steps=warmup_steps
        )
        average = {} if self.ema_momentum is None else {"use_ema": True, "ema_momentum": self.ema_momentum}
        return keras.optimizers.RMSprop(schedule, rho=self.rho, **average)


def _fit(
    model: keras.Model,
    batches: AugmentedBatches,
    initial_epoch: int,
    epochs: int,
    callbacks: list[keras.callbacks.Callback],
) -> None:
    if trains_on_device():
        from src.device_training import fit_on_device  # JAX is there on GPU boxes only

        fit_on_device(model, batches, initial_epoch, epochs, callbacks)
    else:  # not shuffled: the batches shuffle rows themselves, by seeds that survive an interruption
        model.fit(batches, shuffle=False, initial_epoch=initial_epoch, epochs=epochs, callbacks=callbacks, verbose=0)

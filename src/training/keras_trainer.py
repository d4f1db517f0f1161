"""The trainer of Keras networks: RMSprop on augmented batches, fixed number of epochs."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import keras
import numpy as np

from src.common.arrays import LabelledImages
from src.common.competition import NUM_CLASSES
from src.images.augmentation import Augmentation
from src.images.normalization import MomentNormalization
from src.images.test_time_augmentation import TTA
from src.models.classifiers import KerasClassifier
from src.models.layers import with_keras_layers
from src.training import backend
from src.training.keras_fit import AugmentedBatches, Checkpoint, EpochWatch, measure_valid
from src.training.trainers import TrainingContext


@dataclass(frozen=True)
class KerasTrainer:
    """A network trained by RMSprop; the learning rate rises during a short warm-up, then falls to zero along a cosine.

    There is no early stopping and no choice of a best epoch, so the validation accuracy stays unbiased.

    Images are normalised once, before the first epoch; augmentation, and TTA in the fitted model, distort the
    normalised images.
    """

    network: Callable[[], keras.Model]
    epochs: int
    augmentation: Augmentation | None = None
    batch_size: int = 64
    learning_rate: float = 1e-3  # the peak, reached after the warm-up
    rho: float = 0.9  # per step: RMSprop's decay of squared gradients
    warmup_fraction: float = 0.05  # of all steps
    mixed_precision: bool = False  # bfloat16 where the machine has it; the fold record says what was used
    ema_momentum: float | None = None  # per step: the model keeps averaged weights instead of the last ones
    tta: TTA | None = None  # test-time augmentation of what the fitted model predicts
    normalization: MomentNormalization | None = None  # of the images, also of those that the fitted model predicts

    def fit(self, train: LabelledImages, valid: LabelledImages, seed: int, context: TrainingContext) -> KerasClassifier:
        """Train on `train` and the distillation set, if there is one; see `Trainer`."""
        backend.prepare_backend(seed, self.mixed_precision)
        images, targets = train.images, np.eye(NUM_CLASSES, dtype=np.float32)[train.labels]
        if context.distillation_set is not None:
            images = np.concatenate([images, context.distillation_set.images])
            targets = np.concatenate([targets, context.distillation_set.proba])
        if self.normalization is not None:
            images = self.normalization.apply(images)
            valid = valid._replace(images=self.normalization.apply(valid.images))
        batches = AugmentedBatches(images, targets, self.batch_size, self.augmentation, seed)
        model = self.compile(len(batches))
        model, history = self.fit_batches(model, batches, partial(measure_valid, model, valid), context)
        return KerasClassifier(model, history, self.tta, self.normalization)

    def compile(self, num_batches: int) -> keras.Model:
        """Build the network with an optimizer for so many batches per epoch; call `prepare_backend` before."""
        model = self.network()
        optimizer = self._build_optimizer(self.epochs * num_batches)
        model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
        return model

    def fit_batches(
        self,
        model: keras.Model,
        batches: AugmentedBatches,
        measure: Callable[[], dict[str, float]],
        context: TrainingContext,
    ) -> tuple[keras.Model, list[dict[str, float]]]:
        """Train a network that `compile` has built; an interrupted training continues from its checkpoint.

        Args:
            model: the compiled network.
            batches: with the seed that `prepare_backend` was given.
            measure: returns more figures after each epoch, for its entry in the history.
            context: the checkpoint directory and who gets the history.

        Returns:
            The network in float32, and the history.
        """
        checkpoint = Checkpoint(model, context.checkpoint_dir)
        # Builds what fit would otherwise build by taking a first batch out of the queue. Outside TensorFlow the first
        # epoch after a start would then see its batches in another order than the same epoch without interruption.
        model.test_on_batch(*batches[0])
        with closing(EpochWatch(batches, measure, checkpoint, context.report)) as watch:
            _fit(model, batches, len(checkpoint.history), self.epochs, [watch])
        # Averaged weights are now shared with the optimizer, and JAX gives a model's buffers away when it predicts.
        model.set_weights(model.get_weights())
        return self._for_any_machine(model), checkpoint.history

    def describe_backend(self) -> dict[str, str]:
        """Return Keras' backend, device and precision; see `Trainer`."""
        return backend.describe_backend(self.mixed_precision)

    def _for_any_machine(self, model: keras.Model) -> keras.Model:
        """Copy a trained model into one in float32 that consists of Keras' own layers."""
        keras.config.set_dtype_policy(backend.FLOAT32)
        copy = with_keras_layers(self.network())
        copy.set_weights(model.get_weights())
        return copy

    def _build_optimizer(self, num_steps: int) -> keras.optimizers.Optimizer:
        warmup_steps = max(1, round(self.warmup_fraction * num_steps))
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
    if backend.trains_on_device():
        from src.training.device_fit import fit_on_device  # JAX is installed on GPU machines only.

        fit_on_device(model, batches, initial_epoch, epochs, callbacks)
    else:  # Keras does not shuffle: the batches shuffle rows themselves, by seeds that survive an interruption.
        model.fit(batches, shuffle=False, initial_epoch=initial_epoch, epochs=epochs, callbacks=callbacks, verbose=0)

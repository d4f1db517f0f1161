"""Training with the images in the GPU's memory: one compiled JAX program per epoch augments and trains.

A GPU needs so little time for a batch of a small network that copying the batch from the host, and the call of each
step, would take most of it. `backend.trains_on_device` decides whether this module is used.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import numpy.typing as npt

from src.images.augmentation import Augmentation, change_strokes, draw_sources
from src.training.keras_fit import AugmentedBatches


class JaxDraws:
    """JAX's random numbers, for `augmentation.draw_sources`."""

    def __init__(self, key: jax.Array):
        self.key = key

    def uniform(self, *shape: int) -> jax.Array:
        """Draw from 0 to 1."""
        return jax.random.uniform(self._next(), shape)

    def normal(self, *shape: int) -> jax.Array:
        """Draw with mean 0 and variance 1."""
        return jax.random.normal(self._next(), shape)

    def _next(self) -> jax.Array:
        keys = jax.random.split(self.key)
        self.key = keys[0]
        return keys[1]


def augment(augmentation: Augmentation, images: jax.Array, key: jax.Array) -> jax.Array:
    """Distort each image by random numbers, as `src.images.augmentation.augment` does on the host.

    Args:
        augmentation: the ranges.
        images: uint8 (n, 28, 28, 1).
        key: of JAX's random numbers.

    Returns:
        float32 (n, 28, 28, 1), rounded to whole grey levels.
    """
    draws = JaxDraws(key)
    distorted = resample(images, draw_sources(augmentation, len(images), draws, jnp))
    changed: jax.Array = change_strokes(augmentation, distorted, draws, jnp)
    return changed


def resample(images: jax.Array, sources: jax.Array) -> jax.Array:
    """Look up each pixel at its source with linear interpolation, as cv2.remap does; outside is background.

    Args:
        images: uint8 (n, 28, 28, 1).
        sources: x and y in pixels, float32 (n, 2, 28, 28).

    Returns:
        float32 (n, 28, 28, 1), rounded to whole grey levels.
    """
    corner = jnp.floor(sources).astype(jnp.int32)
    part = sources - corner
    padded = jnp.pad(images[..., 0], ((0, 0), (1, 1), (1, 1)))  # One pixel of background on each side.
    side = images.shape[1]

    def weigh(right: int, down: int) -> jax.Array:
        x, y = (jnp.clip(corner[:, axis] + step, -1, side) + 1 for axis, step in ((0, right), (1, down)))
        pixels = jnp.take_along_axis(
            padded.reshape(len(images), -1), (y * (side + 2) + x).reshape(len(images), -1), axis=1
        )
        weight = (part[:, 0] if right else 1 - part[:, 0]) * (part[:, 1] if down else 1 - part[:, 1])
        return pixels.reshape(weight.shape).astype(jnp.float32) * weight

    return jnp.round(weigh(0, 0) + weigh(1, 0) + weigh(0, 1) + weigh(1, 1))[..., None]


def fit_on_device(
    model: keras.Model,
    batches: AugmentedBatches,
    initial_epoch: int,
    epochs: int,
    callbacks: list[keras.callbacks.Callback],
) -> None:
    """Do what `model.fit(batches)` does, for a compiled model whose loss is the categorical cross-entropy.

    `batches` shuffles the rows, as on the host; distortions depend on its seed and epoch. The callbacks are called for
    epochs, not for batches, and find the state in the model and its optimizer.
    """
    run_epoch = _compile(model, batches.augmentation)
    images, targets = (jax.device_put(_pad(array)) for array in (batches.images, batches.targets))
    listeners = keras.callbacks.CallbackList(callbacks, model=model, epochs=epochs)
    listeners.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        listeners.on_epoch_begin(epoch)
        order = batches.order[: len(batches) * batches.batch_size].reshape(len(batches), batches.batch_size)
        key = jax.random.fold_in(jax.random.key(batches.seed), batches.epoch)
        state, loss, accuracy = run_epoch(_get_state(model), images, targets, order, key)
        _set_state(model, state)
        listeners.on_epoch_end(epoch, {"accuracy": float(accuracy), "loss": float(loss)})
    listeners.on_train_end()
    model.optimizer.finalize_variable_values(model.trainable_variables)


def _pad(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Add unused empty rows up to a multiple of 1,024, so that folds of nearly equal size share a compiled program."""
    return np.pad(rows, ((0, -len(rows) % 1024), *((0, 0),) * (rows.ndim - 1)))


State = tuple[list[Any], list[Any], list[Any]]
"""Values of the model's trainable and other variables, and of the optimizer's variables."""


def _variables(model: keras.Model) -> tuple[list[Any], list[Any], list[Any]]:
    return model.trainable_variables, model.non_trainable_variables, model.optimizer.variables


def _get_state(model: keras.Model) -> State:
    trainable, others, optimizer = ([variable.value for variable in part] for part in _variables(model))
    return trainable, others, optimizer


def _set_state(model: keras.Model, state: State) -> None:
    for part, values in zip(_variables(model), state, strict=True):
        for variable, value in zip(part, values, strict=True):
            variable.assign(value)


def _compile(
    model: keras.Model, augmentation: Augmentation | None
) -> Callable[..., tuple[State, jax.Array, jax.Array]]:
    """Compile the program of one epoch, a function of state, images, targets, row numbers (steps, batch) and key."""

    def measure(
        trainable: list[Any], others: list[Any], pixels: jax.Array, targets: jax.Array
    ) -> tuple[jax.Array, Any]:
        proba, others = model.stateless_call(trainable, others, pixels, training=True)
        loss = keras.ops.mean(keras.losses.categorical_crossentropy(targets, proba))
        return loss, (others, (proba.argmax(axis=-1) == targets.argmax(axis=-1)).mean())

    def run_epoch(
        state: State, images: jax.Array, targets: jax.Array, order: jax.Array, key: jax.Array
    ) -> tuple[State, jax.Array, jax.Array]:
        def step(state: State, inputs: tuple[jax.Array, jax.Array]) -> tuple[State, tuple[jax.Array, jax.Array]]:
            (trainable, others, optimizer), (rows, key) = state, inputs
            pixels = images[rows] if augmentation is None else augment(augmentation, images[rows], key)
            gradient = jax.value_and_grad(measure, has_aux=True)
            (loss, (others, accuracy)), gradients = gradient(trainable, others, pixels, targets[rows])
            trainable, optimizer = model.optimizer.stateless_apply(optimizer, gradients, trainable)
            return (trainable, others, optimizer), (loss, accuracy)

        state, (losses, accuracies) = jax.lax.scan(step, state, (order, jax.random.split(key, len(order))))
        return state, losses.mean(), accuracies.mean()

    return jax.jit(run_epoch, donate_argnums=0)

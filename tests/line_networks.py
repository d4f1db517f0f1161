"""A tiny line network that trains in a second, and the experiment with it."""

from dataclasses import replace

import keras
from keras import layers

from src.experiments import EXPERIMENTS
from src.images.digit_lines import NO_CENTER


def tiny_line_cnn() -> keras.Model:
    """Build a network with the input and output of `line_cnn`."""
    pixels = keras.Input((28, None, 1), name="pixels")
    x = layers.Conv2D(8, 5, strides=2, padding="same", activation="relu")(layers.Rescaling(1 / 255)(pixels))
    x = layers.Conv2D(32, (14, 1), activation="relu")(x)
    x = layers.Dropout(0.1)(x)
    x = layers.Conv2D(NO_CENTER + 1, (1, 5), padding="same")(x)
    return keras.Model(pixels, layers.Softmax()(layers.Reshape((-1, NO_CENTER + 1))(x)))


_LINES = EXPERIMENTS["digit_lines"]
TINY_LINES = replace(
    _LINES,
    name="tiny_lines",
    trainer=replace(_LINES.trainer, keras=replace(_LINES.trainer.keras, network=tiny_line_cnn, epochs=2), num_lines=64),
)

"""Keras architectures: one function each, built with the Functional API.

Every model takes pixels as they are in the files (0..255, shape (n, 28, 28, 1)), rescales them inside, and returns
class probabilities (n, 10), so that training, prediction and exported files cannot disagree about the scale.

`momentum` is that of batch normalisation. With Keras' default of 0.99 the moving statistics lag behind by hundreds of
steps, too long for a small training set: on the embedded sample, `strided_cnn` then reached 82 % instead of 98 %.
"""

import keras
from keras import layers

from src.common.competition import IMAGE_SHAPE, NUM_CLASSES
from src.models.layers import FusedBatchNormalization, MatmulConv2D


def _pixels() -> tuple[keras.KerasTensor, keras.KerasTensor]:
    pixels = keras.Input(IMAGE_SHAPE, name="pixels")
    return pixels, layers.Rescaling(1 / 255)(pixels)


def _logits(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Dense(NUM_CLASSES, dtype="float32")(x)


def _normalized_logits(x: keras.KerasTensor, momentum: float) -> keras.KerasTensor:
    x = layers.Dense(NUM_CLASSES, use_bias=False, dtype="float32")(x)
    return layers.BatchNormalization(momentum=momentum, dtype="float32")(x)


def _softmax(logits: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Activation("softmax", dtype="float32", name="proba")(logits)


def _conv_relu_norm(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int | tuple[int, int],
    momentum: float,
    convolution: type[layers.Conv2D] = layers.Conv2D,
    **conv_arguments: object,
) -> keras.KerasTensor:
    x = convolution(filters, kernel_size, activation="relu", **conv_arguments)(x)
    return FusedBatchNormalization(momentum=momentum)(x)


def _conv_norm_relu(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int,
    momentum: float,
    convolution: type[layers.Conv2D] = layers.Conv2D,
    **conv_arguments: object,
) -> keras.KerasTensor:
    x = convolution(filters, kernel_size, use_bias=False, **conv_arguments)(x)
    x = FusedBatchNormalization(momentum=momentum)(x)
    return layers.Activation("relu")(x)


def strided_cnn(dropout: float = 0.4, momentum: float = 0.95) -> keras.Model:
    """Plain 3x3 convolutions with learned (strided 5x5) downsampling instead of pooling; 15.2 M multiply-adds.

    Source: Chris Deotte, "25 Million Images! [0.99757] MNIST", kaggle.com/cdeotte/25-million-images-0-99757-mnist.
    """
    pixels, x = _pixels()
    for filters in (32, 64):
        x = _conv_relu_norm(x, filters, 3, momentum)
        x = _conv_relu_norm(x, filters, 3, momentum)
        x = _conv_relu_norm(x, filters, 5, momentum, strides=2, padding="same")
        x = layers.Dropout(dropout)(x)
    x = _conv_relu_norm(x, 128, 4, momentum, convolution=MatmulConv2D)
    x = layers.Flatten()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(pixels, _softmax(_logits(x)), name="strided_cnn")


def residual_cnn(dropout: float = 0.3, momentum: float = 0.95) -> keras.Model:
    """Residual blocks with max pooling between them and global average pooling at the end.

    Source: after the wide residual net of github.com/ttdoucet/mnist (residual = x + relu(conv(x)) on normalised x),
    about a thirtieth of its multiply-adds.
    """
    pixels, x = _pixels()
    x = _conv_relu_norm(x, 32, 5, momentum, padding="same")
    x = layers.MaxPooling2D(2)(x)
    for filters in (48, 96):
        x = _conv_relu_norm(x, filters, 3, momentum)
        for _ in range(2):
            branch = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
            x = FusedBatchNormalization(momentum=momentum)(layers.Add()([x, branch]))
        x = layers.MaxPooling2D(2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(pixels, _softmax(_logits(x)), name="residual_cnn")


def large_kernel_cnn(momentum: float = 0.95) -> keras.Model:
    """Four 5x5 convolutions without padding, pooling or dropout, and batch-normalised logits.

    Source: the 5x5 network (M5) of An et al. 2020, arXiv:2008.10400, narrowed, with two strides to save time on a CPU.
    """
    pixels, x = _pixels()
    for filters, strides in ((32, 1), (48, 2), (96, 1)):
        x = _conv_norm_relu(x, filters, 5, momentum, strides=strides)
    x = _conv_norm_relu(x, 160, 5, momentum, convolution=MatmulConv2D)
    return keras.Model(pixels, _softmax(_normalized_logits(layers.Flatten()(x), momentum)), name="large_kernel_cnn")


def unpooled_cnn(
    kernel_size: int = 5, filters: tuple[int, ...] = (32, 64, 96, 128, 160), momentum: float = 0.95
) -> keras.Model:
    """Large kernels without padding, pooling, strides or dropout, and batch-normalised logits.

    Source: An et al. 2020, arXiv:2008.10400. The defaults are its M5 with 137 M multiply-adds; M7 has 7x7 kernels and
    (48, 96, 144, 192) filters: 148 M.
    """
    pixels, x = _pixels()
    for num_filters in filters:
        x = _conv_norm_relu(x, num_filters, kernel_size, momentum)
    return keras.Model(pixels, _softmax(_normalized_logits(layers.Flatten()(x), momentum)), name="unpooled_cnn")


def wide_residual_cnn(momentum: float = 0.95) -> keras.Model:
    """Wide residual blocks with max pooling between them, without dropout; 329 M multiply-adds.

    Source: github.com/ttdoucet/mnist (residual = x + relu(conv(x)) on normalised x).
    """
    pixels, x = _pixels()
    x = layers.Conv2D(128, 5, padding="same", activation="relu")(x)
    x = _add_residual(x, momentum)
    x = layers.MaxPooling2D(2)(x)
    x = _add_residual(x, momentum)
    for filters in (256, 512):
        x = FusedBatchNormalization(momentum=momentum)(x)
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, padding="same")(x)
        x = _add_residual(x, momentum)
    x = layers.GlobalAveragePooling2D()(FusedBatchNormalization(momentum=momentum)(x))
    return keras.Model(pixels, _softmax(_logits(x)), name="wide_residual_cnn")


def _add_residual(x: keras.KerasTensor, momentum: float) -> keras.KerasTensor:
    x = FusedBatchNormalization(momentum=momentum)(x)
    return layers.Add()([x, layers.Conv2D(x.shape[-1], 3, padding="same", activation="relu")(x)])


def plain_cnn(dropout: float = 0.25) -> keras.Model:
    """Two blocks of convolutions and pooling, a dense layer, no normalisation; 32.3 M multiply-adds.

    Source: Yassine Ghouzam, "Introduction to CNN Keras - 0.997 (top 6%)", kaggle.com/yassineghouzam.
    """
    pixels, x = _pixels()
    for filters, kernel_size in ((32, 5), (64, 3)):
        for _ in range(2):
            x = layers.Conv2D(filters, kernel_size, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
        x = layers.Dropout(dropout)(x)
    x = layers.Dense(256, activation="relu")(layers.Flatten()(x))
    x = layers.Dropout(2 * dropout)(x)
    return keras.Model(pixels, _softmax(_logits(x)), name="plain_cnn")


def dense_network(num_layers: int = 2, width: int = 512, dropout: float = 0.2) -> keras.Model:
    """Dense layers on the pixels, without any notion of neighbouring pixels.

    Source: the dense network of Keras' own first examples, mnist_mlp.py.
    """
    pixels, x = _pixels()
    x = layers.Flatten()(x)
    for _ in range(num_layers):
        x = layers.Dense(width, activation="relu")(x)
        x = layers.Dropout(dropout)(x)
    return keras.Model(pixels, _softmax(_logits(x)), name="dense_network")


def line_cnn(dropout: float = 0.3, momentum: float = 0.95) -> keras.Model:
    """Residual blocks over lines of digits of any width, uint8 (n, 28, w, 1), w a multiple of 4.

    There is one output for every two columns, (n, w / 2, 11): digits 0 to 9, and no digit centre; see
    src/images/digit_lines.py. Fully convolutional, as the network of Matan et al. 1991 ("Multi-digit recognition
    using a space displacement neural network", NIPS 4).
    """
    pixels = keras.Input((IMAGE_SHAPE[0], None, 1), name="pixels")
    x = layers.Rescaling(1 / 255)(pixels)
    x = _conv_relu_norm(x, 32, 5, momentum, padding="same")
    for filters, num_blocks in ((64, 1), (96, 3)):
        x = layers.MaxPooling2D(2)(x)
        x = _conv_relu_norm(x, filters, 3, momentum, padding="same")
        for _ in range(num_blocks):
            branch = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
            x = FusedBatchNormalization(momentum=momentum)(layers.Add()([x, branch]))
    x = _conv_relu_norm(x, 96, (7, 1), momentum)  # One row is left.
    x = _conv_relu_norm(x, 96, (1, 5), momentum, padding="same")
    x = layers.Dropout(dropout)(x)
    x = layers.Conv2D(2 * (NUM_CLASSES + 1), 1, dtype="float32")(x)  # Each column is four pixels wide: two outputs.
    return keras.Model(pixels, _softmax(layers.Reshape((-1, NUM_CLASSES + 1))(x)), name="line_cnn")


def tiny_cnn(momentum: float = 0.95) -> keras.Model:
    """A few thousand weights that train in a second: for tests."""
    pixels, x = _pixels()
    x = _conv_norm_relu(x, 8, 5, momentum, strides=2)
    x = _conv_norm_relu(x, 16, 5, momentum, strides=2)
    x = layers.Dropout(0.1)(layers.Flatten()(x))
    return keras.Model(pixels, _softmax(_logits(x)), name="tiny_cnn")

"""Layers that compute what Keras' layers compute, faster on TensorFlow. Saved models contain Keras' own layers."""

from typing import Any

import keras


class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras has no types.
    """Keras' batch normalisation of images, computed by TensorFlow's fused kernel where TensorFlow is the backend.

    Keras 3 computes moments, normalisation and their gradients in separate steps, and casts bfloat16 to float32 and
    back. The fused kernel takes bfloat16 as it is, and keeps scale, offset and statistics in float32. Weights and
    results are those of Keras' layer, within float tolerance. On other backends it is Keras' layer.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise images (n, h, w, c); see Keras' layer."""
        if keras.config.backend() != "tensorflow" or len(inputs.shape) != 4 or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        uses_batch = bool(training and self.trainable)
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=self.gamma,
            offset=self.beta,
            mean=tf.zeros(0) if uses_batch else self.moving_mean,
            variance=tf.zeros(0) if uses_batch else self.moving_variance,
            epsilon=self.epsilon,
            is_training=uses_batch,
        )
        if uses_batch:
            num_values = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], tf.float32)
            variance *= (num_values - 1) / num_values  # Keras uses the biased estimate.
            self.moving_mean.assign(self.moving_mean * self.momentum + mean * (1 - self.momentum))
            self.moving_variance.assign(self.moving_variance * self.momentum + variance * (1 - self.momentum))
        return outputs


class MatmulConv2D(keras.layers.Conv2D):  # type: ignore[misc]  # Keras has no types.
    """Keras' convolution, without padding or strides, computed as one matrix product where TensorFlow is the backend.

    It saves time where the output has few positions: for a 5x5 kernel on 6x6 pixels, 40 % of this layer's time.
    """

    def call(self, inputs: Any) -> Any:
        """Convolve images (n, h, w, c); see Keras' layer."""
        if keras.config.backend() != "tensorflow":
            return super().call(inputs)
        (height, width), (rows, columns) = self.kernel_size, self.compute_output_shape(inputs.shape)[1:3]
        patches = [
            keras.ops.reshape(inputs[:, y : y + height, x : x + width], (-1, 1, height * width * inputs.shape[-1]))
            for y in range(rows)
            for x in range(columns)
        ]
        kernel = keras.ops.reshape(self.kernel, (-1, self.filters))
        outputs = keras.ops.matmul(keras.ops.concatenate(patches, axis=1), kernel)
        if self.use_bias:
            outputs = outputs + self.bias
        return self.activation(keras.ops.reshape(outputs, (-1, rows, columns, self.filters)))


_KERAS_LAYERS = {FusedBatchNormalization: keras.layers.BatchNormalization, MatmulConv2D: keras.layers.Conv2D}


def with_keras_layers(model: keras.Model) -> keras.Model:
    """Copy a model with Keras' own layers in place of ours, so that it is loaded without this code."""

    def clone(layer: keras.layers.Layer) -> keras.layers.Layer:
        return _KERAS_LAYERS.get(type(layer), type(layer)).from_config(layer.get_config())

    copy = keras.models.clone_model(model, clone_function=clone)
    copy.set_weights(model.get_weights())
    return copy

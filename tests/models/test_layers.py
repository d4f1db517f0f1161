"""Our layers compute what Keras' layers compute, only faster."""

import keras
import numpy as np
import pytest

from src.models.layers import FusedBatchNormalization, MatmulConv2D, with_keras_layers
from src.models.networks import large_kernel_cnn, line_cnn, residual_cnn, strided_cnn, tiny_cnn


def train(layer, images, num_steps=3):
    """Train a layer for a few steps of plain gradient descent; returns its weights and what it then predicts."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(images.shape[1:]), layer])
    model.compile(keras.optimizers.SGD(1e-3), "mse")
    targets = np.random.default_rng(1).normal(size=model.predict_on_batch(images).shape)
    for _ in range(num_steps):
        model.train_on_batch(images, targets)
    return model.get_weights(), model.predict_on_batch(images)


@pytest.mark.parametrize(
    ("ours", "keras_layer", "arguments"),
    [
        (FusedBatchNormalization, keras.layers.BatchNormalization, {"momentum": 0.9}),
        (MatmulConv2D, keras.layers.Conv2D, {"filters": 3, "kernel_size": 5, "activation": "relu"}),
        (MatmulConv2D, keras.layers.Conv2D, {"filters": 3, "kernel_size": 6, "use_bias": False}),
    ],
)
def test_gradients_statistics_and_predictions_are_those_of_keras(ours, keras_layer, arguments):
    images = np.random.default_rng(0).normal(2.0, 3.0, (16, 6, 6, 4)).astype(np.float32)
    weights, proba = train(ours(**arguments), images)
    expected_weights, expected_proba = train(keras_layer(**arguments), images)
    for found, expected in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(proba, expected_proba, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("build", [strided_cnn, residual_cnn, large_kernel_cnn, line_cnn, tiny_cnn])
def test_a_copy_with_keras_layers_predicts_the_same_and_needs_none_of_ours(build, sample_rows, tmp_path):
    model = build()
    copy = with_keras_layers(model)
    assert not {type(layer) for layer in copy.layers} & {FusedBatchNormalization, MatmulConv2D}
    images = sample_rows[0][:8]
    np.testing.assert_allclose(copy.predict_on_batch(images), model.predict_on_batch(images), atol=1e-5)
    copy.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_on_batch(images), copy.predict_on_batch(images))

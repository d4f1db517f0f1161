"""Architectures: their size is pinned, so that no one changes a published experiment unawares."""

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("build", "num_parameters"),
    [
        (models.strided_cnn, 327_242),
        (models.residual_cnn, 266_746),
        (models.large_kernel_cnn, 546_184),
        (models.plain_cnn, 887_530),
        (models.dense_network, 669_706),
        (models.tiny_cnn, 6_066),
    ],
)
def test_parameter_count_and_output(build, num_parameters, sample_rows):
    model = build()
    assert model.count_params() == num_parameters
    proba = model.predict_on_batch(sample_rows[0][:8])  # raw uint8 pixels
    assert proba.shape == (8, 10) and proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


def test_the_network_of_strips_says_something_of_every_second_column():
    model = models.strip_cnn()
    assert model.count_params() == 272_294
    proba = model.predict_on_batch(np.zeros((3, 28, 40, 1), np.uint8))
    assert proba.shape == (3, 20, 11)
    np.testing.assert_allclose(proba.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "build",
    [
        models.strided_cnn,
        models.residual_cnn,
        models.large_kernel_cnn,
        models.plain_cnn,
        models.dense_network,
        models.tiny_cnn,
        models.strip_cnn,
    ],
)
def test_rescales_pixels_inside(build):
    """A first layer of 1/255 is part of every model: what is saved cannot be fed at the wrong scale."""
    scale = build().layers[1]
    np.testing.assert_allclose(np.asarray(scale(np.full((1, 28, 28, 1), 255, np.float32))), 1)

"""Architectures: their size is pinned, so that no one changes a published experiment unawares."""

import numpy as np
import pytest

from src.experiments import M7
from src.models import networks


@pytest.mark.parametrize(
    ("build", "num_parameters"),
    [
        (networks.strided_cnn, 327_242),
        (networks.residual_cnn, 266_746),
        (networks.large_kernel_cnn, 546_184),
        (networks.wide_residual_cnn, 4_736_522),
        (networks.unpooled_cnn, 1_129_160),
        (M7.network, 2_292_952),
        (networks.plain_cnn, 887_530),
        (networks.dense_network, 669_706),
        (networks.tiny_cnn, 6_066),
    ],
)
def test_parameter_count_and_output(build, num_parameters, sample_rows):
    model = build()
    assert model.count_params() == num_parameters
    proba = model.predict_on_batch(sample_rows[0][:8])  # raw uint8 pixels
    assert proba.shape == (8, 10) and proba.dtype == np.float32
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


def test_the_line_network_has_one_output_for_every_second_column():
    model = networks.line_cnn()
    assert model.count_params() == 476_630
    proba = model.predict_on_batch(np.zeros((3, 28, 40, 1), np.uint8))
    assert proba.shape == (3, 20, 11)
    np.testing.assert_allclose(proba.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "build",
    [
        networks.strided_cnn,
        networks.residual_cnn,
        networks.large_kernel_cnn,
        networks.wide_residual_cnn,
        networks.unpooled_cnn,
        networks.plain_cnn,
        networks.dense_network,
        networks.tiny_cnn,
        networks.line_cnn,
    ],
)
def test_rescales_pixels_inside(build):
    """A first layer of 1/255 is part of every model: what is saved cannot be fed at the wrong scale."""
    scale = build().layers[1]
    np.testing.assert_allclose(np.asarray(scale(np.full((1, 28, 28, 1), 255, np.float32))), 1)

"""Digits drawn by random pens: reproducible, placed as in MNIST, with the right labels."""

import numpy as np
import pytest

from src.common.workspace import APP_WEIGHTS_DIR
from src.data.image_statistics import measure_mask_stroke_width
from src.images.digit_shapes import DIGIT_SHAPES, Shape
from src.images.drawn_digits import draw_digits
from src.models.onnx_files import open_onnx


@pytest.fixture(scope="module")
def drawn():
    return draw_digits(1000, seed=0)


def test_a_shape_is_described_by_the_points_of_its_strokes():
    bow, bar = Shape("50~10,0! 100,98~2 / 0,40 90,40~8 100,60").strokes
    np.testing.assert_allclose(bow.points, [[0.5, 0], [1, 0.98]])
    np.testing.assert_allclose(bow.spreads, [[0.1, 0.04], [0.04, 0.02]])
    assert bow.is_corner.tolist() == [True, False] and len(bar.points) == 3


def test_all_digits_have_shapes_whose_points_are_inside_their_box():
    assert sorted(DIGIT_SHAPES) == list(range(10))
    for stroke in (stroke for shapes in DIGIT_SHAPES.values() for shape in shapes for stroke in shape.strokes):
        assert len(stroke.points) >= 2
        assert (stroke.points > -0.1).all() and (stroke.points < 1.1).all()


def test_the_seed_decides_what_is_drawn(drawn):
    some, others = draw_digits(100, seed=0), draw_digits(100, seed=1)
    assert some.images.shape == (100, 28, 28, 1) and some.images.dtype == np.uint8
    assert len(np.unique(drawn.images, axis=0)) == 1000
    assert (np.bincount(drawn.labels, minlength=10) > 60).all()
    repeated = draw_digits(100, seed=0)
    np.testing.assert_array_equal(some.images, repeated.images)
    np.testing.assert_array_equal(some.labels, repeated.labels)
    assert (some.images != others.images).any()


def test_digits_are_placed_as_in_mnist(drawn):
    ink = drawn.images[..., 0] / 255.0
    mass = ink.sum(axis=(1, 2))
    assert (ink.max(axis=(1, 2)) > 0.3).all()
    for axis in (1, 2):
        center = (ink.sum(axis=3 - axis) @ (np.arange(28) + 0.5)) / mass
        assert (abs(center - 14) < 1).mean() > 0.95


def test_some_pens_are_thinner_and_some_thicker_than_in_mnist(drawn, sample_rows):
    def measure(images):
        return [measure_mask_stroke_width((image[..., 0] > 127).astype(np.uint8)) for image in images[:300]]

    mnist, widths = measure(sample_rows[0]), measure(drawn.images)
    assert np.quantile(widths, 0.1) < np.quantile(mnist, 0.05)
    assert np.quantile(widths, 0.95) > np.quantile(mnist, 0.95) + 0.2


def test_the_apps_network_reads_most_of_them_as_their_label(drawn):
    predicted = open_onnx(APP_WEIGHTS_DIR / "recogniser.onnx")(drawn.images).argmax(axis=1)
    assert (predicted == drawn.labels).mean() > 0.9
    for digit in range(10):
        assert (predicted[drawn.labels == digit] == digit).mean() > 0.6

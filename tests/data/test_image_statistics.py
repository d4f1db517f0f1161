"""Ink, slant and stroke width of images whose values are known."""

import cv2
import numpy as np
import pytest

from src.data.image_statistics import measure_ink, measure_slant, measure_stroke_width


def draw_line(start, end, thickness):
    """Draw a straight stroke with soft edges: it is drawn 16 times as large, then reduced to 28x28."""
    large = np.zeros((28 * 16, 28 * 16), np.uint8)
    cv2.line(large, [16 * x for x in start], [16 * x for x in end], 255, round(16 * thickness))
    return cv2.resize(large, (28, 28), interpolation=cv2.INTER_AREA)[..., None]


def test_ink_is_counted_in_full_pixels():
    images = np.zeros((2, 28, 28, 1), np.uint8)
    images[1, 3:6, 4:8] = 51
    assert measure_ink(images).tolist() == [0.0, pytest.approx(12 * 0.2)]


@pytest.mark.parametrize(("top", "slant"), [(14, 0.0), (20, 0.6), (10, -0.4)])
def test_slant_is_positive_to_the_right(top, slant):
    line = draw_line((top, 4), (round(14 - 10 * slant + (top - 14 - 10 * slant)), 24), 2)
    bottom = round(14 - 10 * slant + (top - 14 - 10 * slant))
    assert measure_slant(line[None])[0] == pytest.approx((top - bottom) / 20, abs=0.03)


@pytest.mark.parametrize("thickness", [1.5, 2, 3, 4.5])
def test_stroke_width(thickness):
    lines = np.stack([draw_line((4, 14), (24, 14), thickness), draw_line((6, 5), (20, 24), thickness)])
    np.testing.assert_allclose(measure_stroke_width(lines), thickness, rtol=0.2)


def test_an_image_without_ink_has_stroke_width_0():
    assert measure_stroke_width(np.zeros((1, 28, 28, 1), np.uint8)).tolist() == [0.0]

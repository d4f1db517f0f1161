"""Synthetic pictures: every random photo depends on its seed alone and is large enough for its digits."""

import numpy as np
import pytest

from src.benchmark.synthetic_pictures import draw_on_canvas, make_number_image, render_photo


def test_photos_depend_on_the_seed_alone(sample_rows):
    image = sample_rows[0][0]
    one, again, other = (render_photo(image, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.dtype == np.uint8
    assert one.shape[2] == 3
    np.testing.assert_array_equal(one, again)
    assert one.shape != other.shape or (one != other).any()


def test_numbers_hold_all_their_digits(sample_rows):
    images = sample_rows[0][:5]
    number = make_number_image(images, np.random.default_rng(0))
    assert number.dtype == np.uint8
    widths = [np.ptp(np.flatnonzero((image[..., 0] > 60).any(axis=0))) for image in images]
    assert sum(widths) * 0.8 < number.shape[1] < 28 * 5 + 40
    assert not number[:, -6:].any()


@pytest.mark.parametrize(("arguments", "side"), [({}, 280), ({"scale": 0.3}, 280), ({"scale": 3.0}, 840)])
def test_the_canvas_grows_with_the_digit(sample_rows, arguments, side):
    assert draw_on_canvas(sample_rows[0][0], **arguments).shape == (side, side, 3)


def test_drawings_change_as_they_should(sample_rows):
    image = sample_rows[0][0]
    plain = draw_on_canvas(image)
    np.testing.assert_allclose(draw_on_canvas(image, inverted=True), 255 - plain.astype(int), atol=1)
    assert draw_on_canvas(image, thickening=0.8).mean() < plain.mean() < draw_on_canvas(image, thickening=-0.5).mean()

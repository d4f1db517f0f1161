"""Find the digit of a picture and make it look as in MNIST."""

import cv2
import numpy as np
import pytest

from src.data.image_statistics import measure_mask_stroke_width
from tests.app.pictures import SIDE, draw, find_digit, measure_difference


def test_the_digit_is_scaled_and_centred_as_in_mnist(digit):
    image = digit.image
    assert image.shape == (28, 28, 1) and image.dtype == np.uint8
    rows, columns = (np.flatnonzero((image[..., 0] > 60).any(axis=axis)) for axis in (1, 0))
    assert 19 <= max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 <= 21
    y, x = (np.arange(28) @ image[..., 0].sum(axis=1 - axis) / image.sum() for axis in (0, 1))
    assert abs(x - 13.5) < 0.6 and abs(y - 13.5) < 0.6
    left, top, right, bottom = digit.box
    assert abs(left - 74) < 4 and abs(top - 49) < 4 and abs(right - 161) < 4 and abs(bottom - 186) < 4


@pytest.mark.parametrize("thickness", [3, 6, 20, 30])
def test_strokes_are_made_about_as_wide_as_in_mnist(thickness):
    image = find_digit(draw(thickness=thickness)).image[..., 0]
    fine = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    assert 1.3 < measure_mask_stroke_width((fine > 127).astype(np.uint8)) / 4 < 4.3


def test_a_stroke_in_two_pieces_is_one_digit(digit):
    broken = draw()
    cv2.line(broken, (60, 150), (170, 150), (255, 255, 255), 6)
    assert measure_difference(find_digit(broken), digit) < 8


def test_a_smudge_far_away_and_the_edge_of_the_table_are_left_out(digit):
    picture = draw()
    cv2.circle(picture, (225, 30), 4, (60, 60, 60), -1)
    cv2.rectangle(picture, (0, 228), (SIDE, SIDE), (90, 60, 40), -1)
    assert measure_difference(find_digit(picture), digit) < 5


def test_the_digit_of_small_pictures_and_large_photos_is_found():
    assert find_digit(draw(scale=12 / SIDE, thickness=24)).digit == 2
    photo = cv2.resize(draw(), (4000, 3000), interpolation=cv2.INTER_CUBIC)
    assert find_digit(photo).digit == 2


@pytest.mark.parametrize("side", [10, 28, 280])
def test_blank_pictures_show_no_digit(side):
    rng = np.random.default_rng(side)
    blanks = [np.full((side, side, 3), grey, np.uint8) for grey in (0, 128, 255)]
    ramp = np.repeat(np.linspace(40, 220, side).astype(np.uint8)[None, :, None], side, axis=0).repeat(3, axis=2)
    noise = np.clip(rng.normal(128, 10, (side, side, 3)), 0, 255).astype(np.uint8)
    assert [find_digit(picture).digit for picture in [*blanks, ramp]] == [None] * 4
    assert find_digit(noise).confidence < 0.8


@pytest.mark.parametrize("thickness", [8, 24])
@pytest.mark.parametrize("side", [20, 60, 200])
def test_a_digit_that_fills_the_picture_is_found(thickness, side):
    whole = draw(thickness=thickness)
    left, top, right, bottom = find_digit(whole).box
    tight = whole[top - 3 : bottom + 3, left - 3 : right + 3]
    picture = cv2.resize(tight, None, fx=side / len(tight), fy=side / len(tight), interpolation=cv2.INTER_AREA)
    assert measure_difference(find_digit(picture), find_digit(whole)) < 11

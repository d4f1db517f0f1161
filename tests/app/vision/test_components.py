"""Leave printed boxes out."""

import cv2
import numpy as np
import pytest

from tests.app.pictures import SIDE, draw, find_digit, measure_difference


@pytest.mark.parametrize("margin", [10, 35])
@pytest.mark.parametrize("thickness", [2, 6])
def test_a_printed_box_is_left_out(digit, margin, thickness):
    picture = draw()
    cv2.rectangle(picture, (margin, margin), (SIDE - margin, SIDE - margin), (90, 90, 90), thickness, cv2.LINE_AA)
    assert measure_difference(find_digit(picture), digit) < 5


def test_a_0_with_a_stroke_in_it_is_no_printed_box():
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    cv2.ellipse(picture, (120, 120), (50, 75), 0, 0, 360, (0, 0, 0), 10, cv2.LINE_AA)
    zero = find_digit(picture)
    cv2.line(picture, (100, 140), (140, 100), (0, 0, 0), 8, cv2.LINE_AA)
    assert np.abs(np.array(find_digit(picture).box) - zero.box).max() <= 1

"""Find the digits of a number in reading order, with their places."""

import numpy as np
import pytest

from tests.app.pictures import write_number


@pytest.mark.parametrize("text", ["7", "10", "0123456789", "314159265358", "12\n345", "806\n24\n7135"])
def test_lines_are_recognised_from_left_to_right_and_top_to_bottom(digits, recogniser, text):
    number = recogniser.recognise_number(write_number(digits, text))
    assert number.text == text and number.confidence > 0.9
    assert number.confidence == pytest.approx(np.prod([digit.confidence for digit in number.digits]))


def test_boxes_are_where_the_digits_are(digits, recogniser):
    picture = write_number(digits, "25\n803")
    for prediction in recogniser.recognise_number(picture).digits:
        left, top, right, bottom = prediction.box
        rest = picture.copy()
        rest[top:bottom, left:right] = 255
        assert sorted(recogniser.recognise_number(rest).text) == sorted("25\n803".replace(str(prediction.digit), ""))


@pytest.mark.parametrize("side", [0, 1, 2, 3])
def test_digits_that_touch_the_border_of_a_drawing_are_recognised(digits, recogniser, side):
    picture = np.rot90(write_number(digits, "52"), side)
    inked = np.flatnonzero((picture < 100).any(axis=(1, 2)))
    cropped = np.rot90(picture[inked[0] :], -side)
    number = recogniser.recognise_number(cropped)
    assert number.text == "52"
    height, width = cropped.shape[:2]
    for left, top, right, bottom in (digit.box for digit in number.digits):
        assert 0 <= left < right <= width and 0 <= top < bottom <= height

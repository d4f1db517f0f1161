"""Recognise the digits of picture files."""

import numpy as np
import pytest
from PIL import Image

from src.app.vision.picture_files import recognise_digit_files, recognise_number_files
from tests.app.pictures import JPEG, PNG, encode, encode_array, write_number


def test_boxes_of_a_number_are_in_pixels_of_the_file(digits):
    picture = write_number(digits, "52")
    large = picture.repeat(10, axis=0).repeat(10, axis=1)
    small_number, large_number = recognise_number_files([encode_array(picture), encode_array(large)])
    assert small_number.text == large_number.text == "52" and large.shape[1] > 1280
    for small, large_ in zip(small_number.digits, large_number.digits, strict=True):
        np.testing.assert_allclose(np.array(large_.box) / 10, small.box, atol=3)


def test_the_digits_of_files_are_recognised_in_their_order():
    blank = encode_array(np.full((60, 60, 3), 255, np.uint8))
    assert [prediction.digit for prediction in recognise_digit_files([PNG, blank, JPEG])] == [2, None, 2]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_no_box_exceeds_a_picture_that_was_shrunk(kind):
    picture = np.full((3001, 4000), 255, np.uint8)
    picture[1500:, 2000:2070] = 0
    (number,) = recognise_number_files([encode(Image.fromarray(picture), kind)])
    assert [digit.box[3] for digit in number.digits] == [len(picture)]

"""Recognise decimal points, commas and minus signs."""

import cv2
import numpy as np
import pytest

from src.app.vision.signs import Sign
from tests.app.pictures import NUMBER_SCALE, write_number

POINT, COMMA, MINUS = [(0, 0), (0, 0)], [(1, -1), (0, 2), (-1, 4)], [(-3, -9), (3, -9)]  # from the foot of a digit


def write_signs(digits, text):
    """Write digits with gaps, and draw signs in the gaps: uint8 RGB (h, w, 3)."""
    picture = write_number(digits, "".join(one for one in text if one.isdigit()), gap=12)
    picture = np.pad(picture, ((0, 0), (40, 0), (0, 0)), constant_values=255)
    rows, columns = ((picture < 100).any(axis=axes) for axes in ((1, 2), (0, 2)))
    starts = np.flatnonzero(np.diff(columns.astype(int)) == 1) + 1
    strokes = {".": POINT, ",": COMMA, "-": MINUS}
    num_digits = 0
    for character in text:
        if character.isdigit():
            num_digits += 1
            continue
        foot = int(starts[num_digits]) - 6 * NUMBER_SCALE, int(np.flatnonzero(rows)[-1]) - NUMBER_SCALE
        stroke = np.array(strokes[character]) * NUMBER_SCALE + foot
        cv2.polylines(picture, [stroke.astype(np.int32)], False, (0, 0, 0), 3 * NUMBER_SCALE, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize("text", ["3.14", "-12.5", "0,5", "-7"])
def test_signs_are_recognised_where_they_stand(digits, recogniser, text):
    picture = write_signs(digits, text)
    number = recogniser.recognise_number(picture)
    assert number.text == text and number.confidence > 0.8
    assert all(isinstance(sign, Sign) for sign in number.signs) and len(number.signs) + len(number.digits) == len(text)
    only_digits = recogniser.recognise_number(picture, digits_only=True)
    assert only_digits.text == text.strip("-").replace(".", "").replace(",", "") and not only_digits.signs


def test_specks_are_no_signs(digits, recogniser):
    picture = write_signs(digits, "3.14")
    picture = np.pad(picture, ((40, 40), (0, 0), (0, 0)), constant_values=255)
    for column in range(8, picture.shape[1] - 8, 40):
        picture[4:12, column : column + 8] = picture[-12:-4, column : column + 8] = 0
    assert recogniser.recognise_number(picture).text == "314"

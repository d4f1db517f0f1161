"""Erase ruled lines and keep the ink on them."""

import cv2
import numpy as np
import pytest

from tests.app.pictures import SIDE, TWO, draw, find_digit, measure_difference, write_number


@pytest.mark.parametrize("spacing", [40, 55])
@pytest.mark.parametrize("squared", [False, True])
def test_ruled_lines_are_erased(digit, spacing, squared):
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for place in range(20, SIDE, spacing):
        cv2.line(picture, (0, place), (SIDE, place + 4), (60, 60, 70), 2, cv2.LINE_AA)
        if squared:
            cv2.line(picture, (place, 0), (place - 4, SIDE), (60, 60, 70), 2, cv2.LINE_AA)
    ruled = np.minimum(picture, draw())
    assert measure_difference(find_digit(ruled), digit) < 11  # Another digit differs by at least 25.


@pytest.mark.parametrize("line_color", [(150, 170, 215), (225, 150, 150), (185, 185, 185)], ids=["blue", "red", "grey"])
def test_ink_along_a_ruled_line_is_kept(digit, line_color):
    picture = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for place in range(28, SIDE, 75):  # One is along the foot of the 2.
        cv2.line(picture, (0, place), (SIDE, place), line_color, 3, cv2.LINE_AA)
    written = draw(ink=(20, 30, 120))
    ruled = np.where(written < picture, written, picture)
    assert measure_difference(find_digit(ruled), digit) < 4


def test_ruled_lines_are_ignored(digits, recogniser):
    picture = write_number(digits, "4067")
    picture[8::20] = np.minimum(picture[8::20], 170)
    assert recogniser.recognise_number(picture).text == "4067"


def test_few_ruled_lines_are_ignored_although_most_of_the_border_is_background(digits, recogniser):
    ruled = np.full((140, 380, 3), 255, np.uint8)
    for row in (35, 75, 115):
        cv2.line(ruled, (0, row), (379, row - 12), (120, 120, 160), 2)
    ruled[10:118, 40:340] = np.minimum(ruled[10:118, 40:340], write_number(digits, "4067")[:, :300])
    assert recogniser.recognise_number(ruled).text == "4067"


@pytest.mark.parametrize(("top", "bottom"), [(0, 240), (40, 279)])
def test_a_long_stroke_that_ends_at_the_border_is_a_1_and_no_ruled_line(recogniser, top, bottom):
    picture = np.full((280, 540, 3), 255, np.uint8)
    cv2.line(picture, (160, top), (120, bottom), (0, 0, 0), 10)
    cv2.polylines(picture, [np.add(TWO, (225, 0))], False, (0, 0, 0), 10)
    assert recogniser.recognise_number(picture).text == "12"


def test_a_thick_digit_that_touches_the_border_is_no_ruled_line(digit):
    picture = draw(thickness=24)[38:196, 62:172]  # Cropped so that strokes end at the border.
    assert measure_difference(find_digit(picture), find_digit(draw(thickness=24))) < 12

"""Find a page on a table, and the digits on it."""

import cv2
import numpy as np
import pytest

from tests.app.pictures import SIDE, draw, find_digit, measure_difference, write_number


def lay_on_table(page, color=(110, 75, 45), turned=8):
    """Return a picture, 400 pixels a side, of a page on a table, rotated by so many degrees."""
    matrix = np.asarray(cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), turned, 1.0))
    matrix[:, 2] += 80
    return cv2.warpAffine(page, matrix, (400, 400), borderValue=color)


@pytest.mark.parametrize("color", [(110, 75, 45), (20, 20, 20), (60, 110, 200)], ids=["wood", "black", "blue"])
@pytest.mark.parametrize("background", [(250, 248, 240), (200, 205, 190)], ids=["white", "grey"])
def test_the_digit_on_a_page_on_a_table_is_found(digit, color, background):
    page = draw(ink=(20, 30, 90), background=background)
    found = find_digit(lay_on_table(page, color, turned=0))
    assert measure_difference(found, digit) < 5
    assert np.abs(np.array(found.box) - np.array(digit.box) - 80).max() < 6
    assert measure_difference(find_digit(lay_on_table(page, color)), digit) < 25


def test_an_empty_page_on_a_table_is_no_small_digit():
    found = find_digit(lay_on_table(np.full((SIDE, SIDE, 3), 245, np.uint8)))
    assert found.digit is None or found.box[2] - found.box[0] > 200


def test_a_number_in_printed_boxes_on_a_page_is_recognised(digits, recogniser):
    number = write_number(digits, "2806", gap=14)
    picture = cv2.copyMakeBorder(number, 90, 90, 60, 60, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    inked = np.flatnonzero((picture < 100).any(axis=(0, 2)))
    gaps = np.flatnonzero(np.diff(inked) > 20)
    edges = [inked[0] - 20, *((inked[gaps] + inked[gaps + 1]) // 2), inked[-1] + 20]
    for edge in edges:
        cv2.line(picture, (int(edge), 80), (int(edge), picture.shape[0] - 80), (60, 60, 60), 2)
    for row in (80, picture.shape[0] - 80):
        cv2.line(picture, (int(edges[0]), row), (int(edges[-1]), row), (60, 60, 60), 2)
    assert recogniser.recognise_number(picture).text == "2806"
    table = cv2.copyMakeBorder(picture, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(110, 75, 45))
    number = recogniser.recognise_number(table)
    assert number.text == "2806"
    left, top, right, bottom = number.digits[0].box
    assert abs(left - 60 - inked[0]) < 8 and (table[top:bottom, left:right] < 100).any()

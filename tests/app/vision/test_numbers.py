"""Find the digits of a number in reading order, with their places."""

import cv2
import numpy as np
import pytest

from tests.app.pictures import draw, write_number


@pytest.mark.parametrize("text", ["7", "10", "0123456789", "314159265358", "12\n345", "806\n24\n7135"])
def test_lines_are_recognised_from_left_to_right_and_top_to_bottom(digits, recogniser, text):
    number = recogniser.recognise_number(write_number(digits, text))
    assert number.text == text and number.confidence > 0.8
    product = np.prod([digit.confidence for digit in number.digits])
    assert number.confidence == pytest.approx(product) or number.confidence == pytest.approx(0.9 * product)  # Disputed.


def test_a_thin_broken_digit_is_not_dropped_silently(digits, recogniser):
    picture = write_number(digits, "6686").astype(float)
    height, width = picture.shape[:2]
    gap = np.full((height, 24, 3), 255.0)
    top = np.flatnonzero((picture < 100).any(axis=(1, 2)))[0]
    for start, end in ((0, 18), (24, 38), (44, 62)):  # A 1 of three pieces.
        gap[top + start : top + end, 11:13] = 20
    picture = np.hstack([picture[:, : width // 2], gap, picture[:, width // 2 :]])
    number = recogniser.recognise_number((picture * np.linspace(0.6, 1, width + 24)[:, None]).astype(np.uint8))
    assert number.text == "66816" or (number.confidence < 0.5 and number.unread)


def test_a_stroke_beside_a_number_is_no_1(digits, recogniser):
    picture = np.pad(write_number(digits, "345"), ((0, 60), (0, 0), (0, 0)), constant_values=255)
    picture[-50:-10, 40:43] = 0
    number = recogniser.recognise_number(picture)
    assert number.text == "345" and number.confidence < 0.5
    assert [box[1] > len(picture) - 60 for box in number.unread] == [True]


@pytest.mark.parametrize("text", ["0123456789" * 6, "\n".join(["0123456789"] * 10)])
def test_many_digits_are_recognised(digits, recogniser, text):
    number = recogniser.recognise_number(write_number(digits, text))
    assert number.text == text and not number.unread


def test_no_digit_of_too_many_vanishes_silently(digits, recogniser):
    number = recogniser.recognise_number(write_number(digits, "\n".join(["0123456789"] * 13)))
    assert number.unread and number.confidence < 0.5


def test_a_blurred_line_of_many_digits_is_not_read_as_one_digit(digits, recogniser):
    picture = cv2.GaussianBlur(write_number(digits, "0123456789" * 4), (0, 0), 10)
    assert len(recogniser.recognise_number(picture).digits) != 1


@pytest.mark.parametrize("side", [3, 28])
@pytest.mark.parametrize("place", [(0, 0), (-1, -1), (1, 1), (-1, 1)])
def test_each_box_has_a_pixel_of_the_picture(recogniser, side, place):
    picture = np.full((side, side, 3), 255, np.uint8)
    picture[place] = 0
    picture[side // 4 : side // 2, place[1]] = 0
    number = recogniser.recognise_number(picture)
    for left, top, right, bottom in [*(symbol.box for line in number.lines for symbol in line), *number.unread]:
        assert 0 <= left < right <= side and 0 <= top < bottom <= side


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


@pytest.mark.parametrize("shift", [-60, -30, 30, 60])
def test_digits_of_one_number_at_different_heights_are_one_line(digits, recogniser, shift):
    parts = [write_number(digits, text) for text in ("42", "3", "57")]
    parts[1] = np.roll(np.pad(parts[1], ((60, 60), (0, 0), (0, 0)), constant_values=255), shift, axis=0)
    parts[::2] = [np.pad(part, ((60, 60), (0, 0), (0, 0)), constant_values=255) for part in parts[::2]]
    cropped = [part[:, np.flatnonzero((part < 100).any(axis=(0, 2)))] for part in parts]
    gap = np.full((len(parts[0]), 15, 3), 255, np.uint8)
    assert (
        recogniser.recognise_number(np.hstack([gap, cropped[0], gap, cropped[1], gap, cropped[2], gap])).text == "42357"
    )


def photograph(digits, text, left):
    """Write digits on paper whose brightness grows downwards, and cut off columns: uint8 RGB (h, w, 3)."""
    picture = write_number(digits, text).astype(float)[:, left:]
    return (picture * np.linspace(0.6, 1, len(picture))[:, None, None]).astype(np.uint8)


def test_a_digit_cut_by_the_border_of_a_photo_is_not_dropped_silently(digits, recogniser):
    whole = photograph(digits, "8754", left=0)
    inked = np.flatnonzero((write_number(digits, "8") < 100).any(axis=(0, 2)))
    number = recogniser.recognise_number(photograph(digits, "8754", left=int(0.7 * inked[0] + 0.3 * inked[-1])))
    assert recogniser.recognise_number(whole).text == "8754"
    assert number.text.endswith("754")
    assert len(number.digits) == 4 or (number.confidence < 0.5 and number.unread[0][0] == 0)


def test_the_edge_of_a_paper_is_no_digit(digits, recogniser):
    picture = np.pad(photograph(digits, "2468", left=0), ((60, 60), (0, 40), (0, 0)), mode="edge")
    picture[:, -12:-8] = 30
    number = recogniser.recognise_number(picture)
    assert number.text == "2468" and number.confidence > 0.9 and not number.unread


def test_the_edge_of_a_table_is_no_number(recogniser):
    pictures = np.full((3, 200, 300, 3), 230, np.uint8)
    pictures[0, :, 150:] = 20
    pictures[1, :, :30] = 40
    pictures[2] = np.linspace(0, 255, 300).astype(np.uint8)[:, None]
    assert [recogniser.recognise_number(picture).text for picture in pictures] == ["", "", ""]


def test_a_digit_that_fills_a_photo_is_recognised(recogniser):
    rows, columns = ((draw() < 100).any(axis=axes).nonzero()[0] for axes in ((1, 2), (0, 2)))
    filled = draw()[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shaded = (filled * np.linspace(0.6, 1, len(filled))[:, None, None]).astype(np.uint8)
    assert recogniser.recognise_number(shaded).text == "2"

"""Several digits in a picture: found, divided and joined, and read in order."""

import cv2
import numpy as np
import pytest

from src.app.vision.ink import Ink
from src.app.vision.recogniser import Recogniser
from src.app.vision.segmentation import find_pieces
from src.benchmark.drawing_latency import STROKE

SIZE = 3  # pixels of the picture for each of the sample's


@pytest.fixture(scope="module")
def recogniser():
    return Recogniser()


@pytest.fixture(scope="module")
def digits(sample_rows, recogniser):
    """Of each digit an image that the network is sure of, and that is one stroke."""
    images, labels = sample_rows
    sure = recogniser.predict_proba(images[:500])[np.arange(500), labels[:500]] > 0.999
    whole = np.array([cv2.connectedComponents((image[..., 0] > 60).astype(np.uint8))[0] == 2 for image in images[:500]])
    return [images[:500][sure & whole & (labels[:500] == digit)][0] for digit in range(10)]


def write(digits, text, gap=4):
    """Black on white, lines below one another: uint8 RGB (h, w, 3), with a margin."""
    lines = text.splitlines()
    ink = np.zeros((30 * len(lines) + 6, 26 * max(map(len, lines)) + 12), np.uint8)
    for number, line in enumerate(lines):
        left = 6
        for digit in line:
            image = digits[int(digit)][..., 0]
            inked = np.flatnonzero((image > 60).any(axis=0))
            image = image[:, inked[0] : inked[-1] + 1]
            place = ink[30 * number + 3 :, left:][: image.shape[0], : image.shape[1]]
            np.maximum(place, image, out=place)
            left += image.shape[1] + gap
    ink = cv2.resize(ink, None, fx=SIZE, fy=SIZE, interpolation=cv2.INTER_CUBIC)
    return np.repeat(255 - ink[..., None], 3, axis=2)


@pytest.mark.parametrize("text", ["7", "10", "0123456789", "314159265358", "12\n345", "806\n24\n7135"])
def test_lines_are_read_from_the_left_and_from_the_top(digits, recogniser, text):
    number = recogniser.recognise_number(write(digits, text))
    assert number.text == text and number.confidence > 0.9
    assert number.confidence == pytest.approx(np.prod([digit.confidence for digit in number.digits]))


def test_boxes_are_where_the_digits_are(digits, recogniser):
    picture = write(digits, "25\n803")
    for reading in recogniser.recognise_number(picture).digits:
        left, top, right, bottom = reading.box
        rest = picture.copy()
        rest[top:bottom, left:right] = 255
        assert sorted(recogniser.recognise_number(rest).text) == sorted("25\n803".replace(str(reading.digit), ""))


@pytest.mark.parametrize("side", [0, 1, 2, 3])
def test_digits_that_touch_the_border_of_a_drawing_are_read(digits, recogniser, side):
    picture = np.rot90(write(digits, "52"), side)
    inked = np.flatnonzero((picture < 100).any(axis=(1, 2)))
    cut = np.rot90(picture[inked[0] :], -side)
    number = recogniser.recognise_number(cut)
    assert number.text == "52"
    height, width = cut.shape[:2]
    for left, top, right, bottom in (digit.box for digit in number.digits):
        assert 0 <= left < right <= width and 0 <= top < bottom <= height


@pytest.mark.parametrize(("top", "bottom"), [(0, 240), (40, 279)])
def test_a_long_stroke_that_ends_at_the_border_is_a_one_and_no_rule(recogniser, top, bottom):
    picture = np.full((280, 540, 3), 255, np.uint8)
    cv2.line(picture, (160, top), (120, bottom), (0, 0, 0), 10)
    cv2.polylines(picture, [np.add(STROKE, (180, 0))], False, (0, 0, 0), 10)
    assert recogniser.recognise_number(picture).text == "12"


def test_a_broken_stroke_is_joined(digits, recogniser):
    picture = write(digits, "5032")
    rows = np.flatnonzero((picture < 100).any(axis=(1, 2)))
    middle = int(rows.mean())
    picture[middle : middle + 3] = 255
    assert recogniser.recognise_number(picture).text == "5032"


def test_parts_of_a_broken_digit_go_together_and_not_to_its_neighbours():
    """Both parts of the 5 are low, and each is next to a neighbour as well."""
    strokes = np.zeros((100, 160), np.uint8)
    strokes[20:80, 30:38] = 1  # a 1
    strokes[48:80, 42:66] = 1  # the 5's body,
    strokes[54:74, 42:60] = 0
    strokes[36:44, 60:94] = 1  # and its bar, which is nearer to the body than to the next 1
    strokes[20:80, 100:108] = 1
    pieces = find_pieces(Ink(strokes.astype(np.float32), 2 * strokes, 1.0))
    assert sorted(piece.box for piece in pieces) == [(30, 20, 38, 80), (42, 36, 94, 80), (100, 20, 108, 80)]


def test_ruled_lines_are_ignored(digits, recogniser):
    picture = write(digits, "4067")
    picture[8::20] = np.minimum(picture[8::20], 170)
    assert recogniser.recognise_number(picture).text == "4067"


def test_few_ruled_lines_are_ignored_although_most_of_the_border_is_paper(digits, recogniser):
    ruled = np.full((140, 380, 3), 255, np.uint8)
    for row in (35, 75, 115):
        cv2.line(ruled, (0, row), (379, row - 12), (120, 120, 160), 2)
    ruled[10:118, 40:340] = np.minimum(ruled[10:118, 40:340], write(digits, "4067")[:, :300])
    assert recogniser.recognise_number(ruled).text == "4067"


def test_a_number_in_printed_boxes_on_a_sheet_is_read(digits, recogniser):
    number = write(digits, "2806", gap=14)
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


def test_digits_that_touch_are_divided(digits, recogniser):
    picture = write(digits, "3479", gap=-2)
    num_strokes = cv2.connectedComponents((picture[..., 0] < 128).astype(np.uint8))[0] - 1
    assert num_strokes < 4 and recogniser.recognise_number(picture).text == "3479"


def test_many_digits_in_one_stroke_are_all_looked_at(digits, recogniser):
    picture = write(digits, "347934793479")
    picture[len(picture) // 2 :][:4] = 0  # a line through all of them
    boxes = [digit.box for digit in recogniser.recognise_number(picture).digits]
    inked = np.flatnonzero((picture < 100).any(axis=(0, 2)))
    covered = np.zeros(picture.shape[1], bool)
    for left, _, right, _ in boxes:
        covered[left:right] = True
    assert covered[inked].mean() > 0.7


def test_what_cannot_be_read_lowers_the_confidence(digits, recogniser):
    picture = write(digits, "47")
    blot = picture.copy()
    blot[20:60, 130:150] = 40
    one, other = recogniser.recognise_number(picture), recogniser.recognise_number(blot)
    assert len(other.digits) > 2 or other.confidence < one.confidence


@pytest.mark.parametrize("value", [255, 128, 0])
def test_nothing_is_no_number(recogniser, value):
    number = recogniser.recognise_number(np.full((60, 200, 3), value, np.uint8))
    assert (number.lines, number.text, number.confidence) == ([], "", 0.0)


def test_specks_by_the_thousand_are_no_sure_number(recogniser):
    noise = np.where(np.random.default_rng(0).random((600, 600, 1)) < 0.02, 0, 255).astype(np.uint8)
    assert recogniser.recognise_number(np.repeat(noise, 3, axis=2)).confidence < 0.001

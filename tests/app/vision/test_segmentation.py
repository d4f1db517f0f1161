"""Join the components of a number to segments, and divide segments of several digits."""

import cv2
import numpy as np

from src.app.vision.ink import Ink
from src.app.vision.segmentation import find_segments
from tests.app.pictures import write_number


def test_the_parts_of_broken_strokes_are_joined(digits, recogniser):
    picture = write_number(digits, "5032")
    rows = np.flatnonzero((picture < 100).any(axis=(1, 2)))
    middle = int(rows.mean())
    picture[middle : middle + 3] = 255
    assert recogniser.recognise_number(picture).text == "5032"


def test_the_parts_of_a_broken_digit_are_not_joined_to_its_neighbours():
    # Both parts of the 5 are low, and each is also close to a neighbour.
    mask = np.zeros((100, 160), np.uint8)
    mask[20:80, 30:38] = 1  # A 1.
    mask[48:80, 42:66] = 1  # The body of the 5.
    mask[54:74, 42:60] = 0
    mask[36:44, 60:94] = 1  # Its bar, which is closer to the body than to the next 1.
    mask[20:80, 100:108] = 1
    segments = find_segments(Ink(mask.astype(np.float32), 2 * mask, 1.0)).segments
    assert sorted(segment.box for segment in segments) == [(30, 20, 38, 80), (42, 36, 94, 80), (100, 20, 108, 80)]


def test_the_low_parts_of_a_broken_digit_are_not_dropped():
    mask = np.zeros((100, 160), np.uint8)
    mask[20:80, 30:38] = mask[20:80, 100:108] = 1
    mask[36:44, 55:75] = mask[58:66, 55:80] = 1  # Too low for digits, too far apart to be joined.
    segmentation = find_segments(Ink(mask.astype(np.float32), 2 * mask, 1.0))
    assert len(segmentation.segments) == 2
    assert [segment.box for segment in segmentation.others] == [(55, 36, 80, 66)]


def test_digits_that_touch_are_divided(digits, recogniser):
    picture = write_number(digits, "3479", gap=-2)
    num_components = cv2.connectedComponents((picture[..., 0] < 128).astype(np.uint8))[0] - 1
    assert num_components < 4 and recogniser.recognise_number(picture).text == "3479"


def test_many_digits_in_one_component_are_all_found(digits, recogniser):
    picture = write_number(digits, "347934793479")
    picture[len(picture) // 2 :, 30:-30][:4] = 0  # A line through all of them.
    boxes = [digit.box for digit in recogniser.recognise_number(picture).digits]
    inked = np.flatnonzero((picture < 100).any(axis=(0, 2)))
    covered = np.zeros(picture.shape[1], bool)
    for left, _, right, _ in boxes:
        covered[left:right] = True
    assert covered[inked].mean() > 0.7

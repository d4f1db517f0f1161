"""Lines of digits: columns of the ink and of the line image, targets of the network and their meaning."""

import cv2
import numpy as np
import pytest

from src.images.digit_lines import COLUMN_STEP, encode_digit_centers, find_digit_centers, make_line_image


@pytest.mark.parametrize("label", range(10))
def test_close_and_thin_digits_are_told_apart(label):
    target = encode_digit_centers(72, [(12.0, 3.0), (16.0, 3.0), (36.0, 18.0)], [1, 1, label])
    centers = find_digit_centers(target)
    assert [int(center.proba.argmax()) for center in centers] == [1, 1, label]
    assert [center.x for center in centers] == pytest.approx([12, 16, 36], abs=COLUMN_STEP / 2)


def test_columns_convert_between_ink_and_line_image():
    ink = np.zeros((90, 300), np.float32)
    cv2.line(ink, (120, 10), (120, 80), 1.0, 5)
    cv2.line(ink, (200, 10), (200, 80), 1.0, 5)
    line = make_line_image(ink, 70)
    weights = line.image[..., 0].astype(float).sum(axis=0)
    x = np.arange(len(weights)) + 0.5
    middle = len(weights) / 2
    left, right = (np.average(x, weights=weights * half) for half in (x < middle, x > middle))
    assert [line.to_ink(left), line.to_ink(right)] == pytest.approx([120.5, 200.5], abs=0.5 / line.scale)
    assert line.to_line(line.to_ink(7.0)) == pytest.approx(7)


def test_no_ink_gives_no_line_image():
    assert make_line_image(np.zeros((20, 20), np.float32), 20) is None


@pytest.mark.parametrize(("digit_height", "num_rows"), [(20, 20), (40, 20), (80, 10)])
def test_ink_lower_than_the_digits_of_its_line_stays_lower(digit_height, num_rows):
    ink = np.zeros((60, 60), np.float32)
    ink[10:50, 10:30] = 1
    rows = np.flatnonzero(make_line_image(ink, digit_height).image[..., 0].any(axis=1))
    assert np.ptp(rows) + 1 == num_rows

"""Training lines: one to three digits, most of them touching, with targets that mark the centre of each."""

import cv2
import numpy as np
import pytest

from src.images.digit_lines import COLUMN_STEP, NO_CENTER, find_digit_centers
from src.training.line_images import LINE_WIDTH, LineImageRecipe, make_lines

NUM_LINES = 300


@pytest.fixture(scope="module")
def lines(sample_rows):
    return make_lines(LineImageRecipe(), *sample_rows, num_lines=NUM_LINES, seed=5)


def count_components(line, threshold):
    return cv2.connectedComponents((line[..., 0] > threshold).astype(np.uint8))[0] - 1


def test_lines_hold_one_to_three_digits_as_high_as_mnists_or_lower(lines):
    images, targets = lines
    assert images.dtype == np.uint8 and images.shape == (NUM_LINES, 28, LINE_WIDTH, 1)
    assert targets.dtype == np.float32 and targets.shape == (NUM_LINES, LINE_WIDTH // COLUMN_STEP, NO_CENTER + 1)
    heights = [np.ptp(np.flatnonzero((image[..., 0] > 80).any(axis=1))) + 1 for image in images]
    assert 0.5 < np.mean(np.array(heights) >= 18) < 0.95 and min(heights) > 3 and max(heights) <= 20
    counts = [len(find_digit_centers(target)) for target in targets]
    assert all(counts.count(count) > 40 for count in (1, 2, 3)) and max(counts) == 3


def test_most_pairs_touch(lines):
    pairs = [image for image, target in zip(*lines, strict=True) if len(find_digit_centers(target)) == 2]
    assert 0.5 < np.mean([count_components(pair, 80) == 1 for pair in pairs]) < 0.95


def test_centers_lie_on_the_ink(lines):
    for image, target in zip(*lines, strict=True):
        inked = np.flatnonzero((image[..., 0] > 20).any(axis=0))
        assert all(inked[0] - 1 <= center.x <= inked[-1] + 1 for center in find_digit_centers(target))


def test_two_ones_never_count_as_one(sample_rows):
    images, labels = sample_rows
    images, targets = make_lines(LineImageRecipe(), images[labels == 1], labels[labels == 1], num_lines=200, seed=1)
    num_components = np.array([count_components(image, 30) for image in images])
    num_digits = [len(find_digit_centers(target)) for target in targets]
    assert num_digits.count(2) > 20
    assert np.mean(num_components <= num_digits) > 0.98


def test_lines_depend_on_the_seed_alone(sample_rows, lines):
    again, other = (make_lines(LineImageRecipe(), *sample_rows, num_lines=NUM_LINES, seed=seed) for seed in (5, 6))
    np.testing.assert_array_equal(again[0], lines[0])
    np.testing.assert_array_equal(again[1], lines[1])
    assert (other[0] != lines[0]).any()

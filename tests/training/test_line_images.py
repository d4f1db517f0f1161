"""Training lines: numbers of one to twelve digits of one hand, with targets that mark the centre of each."""

import cv2
import numpy as np
import pytest

from src.images.digit_lines import COLUMN_STEP, NO_CENTER, find_digit_centers
from src.training import line_images
from src.training.line_images import LINE_WIDTH, LineImageRecipe, make_lines, make_numbers

NUM_LINES = 40


@pytest.fixture(scope="module")
def numbers(sample_rows):
    return make_numbers(LineImageRecipe(), *sample_rows, num_numbers=600, seed=5)


@pytest.fixture(scope="module")
def lines(sample_rows):
    return make_lines(LineImageRecipe(), *sample_rows, num_lines=NUM_LINES, seed=5)


def count_components(image):
    return cv2.connectedComponents((image[..., 0] > 80).astype(np.uint8))[0] - 1


def test_numbers_have_one_to_twelve_digits_of_8_to_60_pixels(numbers):
    counts, heights = [len(number.labels) for number in numbers], [number.height for number in numbers]
    assert set(counts) == set(range(1, 13))
    assert 8 <= min(heights) < 9 and 50 < max(heights) <= 60
    assert {label for number in numbers for label in number.labels} == set(range(10))


def test_a_target_marks_the_digits_of_its_number_on_their_ink(numbers):
    on_ink = []
    for number in numbers:
        height, width, _ = number.image.shape
        assert height == 28 and width % 4 == 0 and width <= LINE_WIDTH
        assert number.target.shape == (width // COLUMN_STEP, NO_CENTER + 1)
        centers = find_digit_centers(number.target)
        assert [int(center.proba.argmax()) for center in centers] == number.labels
        inked = (number.image[..., 0] > 40).any(axis=0)
        on_ink += [inked[max(0, int(center.x) - 4) : int(center.x) + 4].any() for center in centers]
    assert np.mean(on_ink) > 0.98


def test_the_digits_of_many_numbers_touch(numbers):
    pairs = [number.image for number in numbers if len(number.labels) == 2]
    assert 0.15 < np.mean([count_components(pair) == 1 for pair in pairs]) < 0.7


def test_neighbouring_ones_keep_their_centers_apart(sample_rows):
    images, labels = sample_rows
    numbers = make_numbers(LineImageRecipe(), images[labels == 1], labels[labels == 1], num_numbers=100, seed=1)
    assert sum(len(number.labels) > 5 for number in numbers) > 15
    assert all(len(find_digit_centers(number.target)) == len(number.labels) for number in numbers)


def test_lines_are_filled_with_numbers(lines):
    images, targets = lines
    assert images.dtype == np.uint8 and images.shape == (NUM_LINES, 28, LINE_WIDTH, 1)
    assert targets.dtype == np.float32 and targets.shape == (NUM_LINES, LINE_WIDTH // COLUMN_STEP, NO_CENTER + 1)
    assert (targets.sum(axis=-1) == 1).all()
    assert np.mean([len(find_digit_centers(target)) for target in targets]) > 12
    ends = [np.flatnonzero(image.any(axis=(0, 2)))[-1] for image in images]
    assert np.median(ends) > 0.9 * LINE_WIDTH


def test_lines_depend_on_the_seed_alone(sample_rows, lines):
    again, other = (make_lines(LineImageRecipe(), *sample_rows, num_lines=NUM_LINES, seed=seed) for seed in (5, 6))
    np.testing.assert_array_equal(again[0], lines[0])
    np.testing.assert_array_equal(again[1], lines[1])
    assert (other[0] != lines[0]).any()


@pytest.mark.slow
def test_lines_made_in_several_processes_are_the_same(sample_rows, monkeypatch):
    monkeypatch.setattr(line_images, "_CHUNK", 8)
    one, two = (make_lines(LineImageRecipe(), *sample_rows, num_lines=num_lines, seed=3) for num_lines in (8, 16))
    np.testing.assert_array_equal(two[0][:8], one[0])
    np.testing.assert_array_equal(two[1][:8], one[1])
    assert two[0][8:].any(axis=(1, 2, 3)).all() and (two[0][8:] != one[0]).any()

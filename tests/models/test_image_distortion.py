"""The image distortion model: the distance is the documented one, and shifted strokes stay close."""

import numpy as np
import pytest

from src.models import image_distortion
from src.models.image_distortion import ImageDistortionNeighbors, match, measure_distances, quantize_gradients

NUMBERS = range(-2, 3)


@pytest.fixture(scope="module")
def pixels(sample_rows):
    return sample_rows[0][:600].reshape(600, -1)


def measure_plainly(image, reference):
    """The definition, one pixel at a time; arrays of (2, 28, 28)."""
    padded = [np.pad(array.astype(int), ((0, 0), (3, 3), (3, 3))) for array in (image, reference)]

    def context(number, y, x):
        return padded[number][:, y - 1 : y + 2, x - 1 : x + 2]

    return sum(
        min(((context(0, y, x) - context(1, y + dy, x + dx)) ** 2).sum() for dy in NUMBERS for dx in NUMBERS)
        for y in range(3, 31)
        for x in range(3, 31)
    )


def test_distances_are_those_of_the_definition(pixels):
    gradients = quantize_gradients(pixels[:4])
    noise = np.random.default_rng(0).integers(-28, 29, (2, 2, 28, 28), dtype=np.int8)  # Ink at the border, too.
    extremes = np.stack([np.full((2, 28, 28), level, np.int8) for level in (-28, 28)])
    for images in (gradients, noise, extremes):
        plain = [measure_plainly(images[0], reference) for reference in images]
        np.testing.assert_array_equal(measure_distances(images[0], images), plain)


def test_gradients_use_all_levels():
    image = np.zeros((28, 28), np.uint8)
    image[:, 14:] = 255
    gradients = quantize_gradients(image.reshape(1, -1))
    assert gradients.shape == (1, 2, 28, 28) and gradients[0, 0, 10].max() == 28
    assert not gradients[0, 1, 1:-1, :27].any()  # Only the borders of the image have gradients along y.


def test_candidates_are_matched_in_their_order_on_all_cores(pixels):
    gradients = quantize_gradients(pixels)
    rng = np.random.default_rng(0)
    candidates = rng.integers(0, 600, (600, 50))  # More than are compared at once, for more images than one batch.
    compared = rng.random((600, 50)) < 0.9
    distances = match(gradients, gradients, candidates, compared)
    for number in (0, 499, 500, 599):
        expected = measure_distances(gradients[number], gradients[candidates[number]])
        furthest = expected[compared[number]].max()
        np.testing.assert_array_equal(distances[number], np.where(compared[number], expected, furthest))


def test_the_nearest_of_each_class_and_the_last_candidates_are_compared(pixels, sample_rows, monkeypatch):
    labels = sample_rows[1][:600]
    chosen = []

    def watch(images, references, candidates, compared):
        chosen.append((labels[candidates], compared))
        return match(images, references, candidates, compared)

    monkeypatch.setattr(image_distortion, "match", watch)
    few = ImageDistortionNeighbors(num_candidates=40, num_per_class=2, num_last=3).fit(pixels, labels)
    few.predict_proba(pixels[:5])
    for row, compared in zip(*chosen[0], strict=True):
        nearest = {number for digit in range(10) for number in np.flatnonzero(row == digit)[:2]}
        assert set(np.flatnonzero(compared)) == nearest | {37, 38, 39}


def test_a_class_without_candidates_is_as_far_as_the_furthest_candidate(pixels, sample_rows):
    labels = sample_rows[1][:600]
    one_digit = ImageDistortionNeighbors(num_candidates=5).fit(pixels, labels)
    proba = one_digit.predict_proba(pixels[:20])
    assert (proba.argmax(axis=1) == labels[:20]).all()  # Each image is a candidate of its own.
    assert (proba > 0).all() and (proba.min(axis=1) == np.partition(proba, 5, axis=1)[:, 4]).all()

"""Pairs of images that are nearly the same: all of them, and no others."""

import numpy as np

from src.data.near_duplicates import MAX_RMS_DIFFERENCE, find_near_duplicates


def test_finds_what_comparing_everything_with_everything_finds(sample_rows):
    images = sample_rows[0][:400]
    pixels = images.reshape(400, -1).astype(float)
    distances = ((pixels[:, None] - pixels[None]) ** 2).mean(axis=2) ** 0.5
    limit = np.quantile(distances[np.triu_indices(400, 1)], 0.001)  # about 80 pairs
    expected = np.argwhere(np.triu(distances <= limit, 1))
    pairs, found = find_near_duplicates(images, limit)
    np.testing.assert_array_equal(pairs, expected)
    np.testing.assert_allclose(found, distances[tuple(expected.T)], rtol=1e-6)


def test_identical_images_are_at_distance_0(sample_rows):
    images = np.concatenate([sample_rows[0][:50], sample_rows[0][10:12]])
    pairs, distances = find_near_duplicates(images, MAX_RMS_DIFFERENCE)
    assert pairs.tolist() == [[10, 50], [11, 51]] and not distances.any()

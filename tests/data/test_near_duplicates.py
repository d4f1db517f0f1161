"""Near duplicates: all pairs are found, and no others."""

import numpy as np

from src.data.near_duplicates import find_near_duplicates


def test_finds_the_same_pairs_as_a_comparison_of_all_pairs(sample_rows):
    images = sample_rows[0][:400]
    pixels = images.reshape(400, -1).astype(float)
    differences = ((pixels[:, None] - pixels[None]) ** 2).mean(axis=2) ** 0.5
    limit = np.quantile(differences[np.triu_indices(400, 1)], 0.001)  # about 80 pairs
    expected = np.argwhere(np.triu(differences <= limit, 1))
    pairs, found = find_near_duplicates(images, limit)
    np.testing.assert_array_equal(pairs, expected)
    np.testing.assert_allclose(found, differences[tuple(expected.T)], rtol=1e-6)


def test_identical_images_differ_by_0(sample_rows):
    images = np.concatenate([sample_rows[0][:50], sample_rows[0][10:12]])
    pairs, differences = find_near_duplicates(images)
    assert pairs.tolist() == [[10, 50], [11, 51]] and not differences.any()

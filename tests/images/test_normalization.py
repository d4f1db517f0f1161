"""Normalisation by moments: slant, position and spread of digits become the same."""

import cv2
import numpy as np
import pytest

from src.images.normalization import MomentNormalization

NORMALIZATION = MomentNormalization()


def measure(image):
    """Return the centre of mass (x, y), the spread along x and y, and the slant in columns per row."""
    moments = cv2.moments(image)
    ink = moments["m00"]
    center = np.array([moments["m10"], moments["m01"]]) / ink
    return center, np.sqrt([moments["mu20"] / ink, moments["mu02"] / ink]), moments["mu11"] / moments["mu02"]


def test_digits_are_upright_centred_and_of_equal_spread(sample_rows):
    images = sample_rows[0][:300]
    normalized = NORMALIZATION.apply(images)
    assert normalized.shape == images.shape and normalized.dtype == np.uint8
    before, after = ([measure(image) for image in part] for part in (images, normalized))
    centers, spreads, slants = (np.array(values) for values in zip(*after, strict=True))
    np.testing.assert_allclose(centers, 13.5, atol=0.3)
    assert abs(slants).mean() < 0.02 and np.mean([abs(slant) for _, _, slant in before]) > 0.1
    is_two = sample_rows[1][:300] == 2
    np.testing.assert_allclose(np.median(spreads[is_two], axis=0), [3.6, 5.0], rtol=0.03)
    assert spreads[is_two].std(axis=0).max() < np.std([spread for _, spread, _ in before], axis=0).min()


def test_a_one_stays_narrow():
    stroke = np.zeros((1, 28, 28, 1), np.uint8)
    stroke[:, 4:24, 13:15] = 255
    normalized = NORMALIZATION.apply(stroke)[0]
    width = normalized[14].sum() / 255  # pixels of ink in a row
    assert width == pytest.approx(2 * NORMALIZATION.max_stretch, rel=0.1)


def test_ink_stays_inside(sample_rows):
    images = sample_rows[0][:300]
    normalized = NORMALIZATION.apply(images)
    border = np.ones((28, 28), bool)
    border[1:-1, 1:-1] = False
    assert (normalized[:, border].max(axis=(1, 2)) > 100).mean() < 0.02


def test_images_without_ink_and_no_images_stay_as_they_are(sample_rows):
    assert not NORMALIZATION.apply(np.zeros((1, 28, 28, 1), np.uint8)).any()
    assert NORMALIZATION.apply(sample_rows[0][:0]).shape == (0, 28, 28, 1)


def test_each_image_is_normalised_alone(sample_rows):
    images = sample_rows[0][:20]
    alone = np.concatenate([NORMALIZATION.apply(images[i : i + 1]) for i in range(20)])
    np.testing.assert_array_equal(NORMALIZATION.apply(images), alone)

"""Test-time augmentation: the mean over fixed views where the confidence is low."""

import numpy as np
import pytest

from src.images.test_time_augmentation import TTA, distort


@pytest.fixture
def images(sample_rows):
    return sample_rows[0][:40]


def predict_by_columns(images):
    """Stands in for a network: the share of the ink in each of ten parts of the image."""
    ink = images[:, :, 4:24, 0].reshape(len(images), 28, 10, 2).sum(axis=(1, 3), dtype=np.float32)
    return ink / ink.sum(axis=1, keepdims=True)


def test_views_are_rotated_and_zoomed(images):
    np.testing.assert_array_equal(distort(images, 0.0, 1.0), images)
    np.testing.assert_array_equal(distort(images, 90.0, 1.0), np.rot90(images, 1, (1, 2)))
    np.testing.assert_array_equal(distort(images, -90.0, 1.0), np.rot90(images, -1, (1, 2)))
    assert distort(images, 0.0, 1.2).sum() > 1.2 * images.sum()


def test_probabilities_are_averaged_over_the_image_and_its_views(images):
    tta = TTA(rotations=(-10.0, 10.0), zooms=(0.9,), confidence_threshold=1.0)
    views = [images, distort(images, -10.0, 0.9), distort(images, 10.0, 0.9)]
    expected = np.mean([predict_by_columns(view) for view in views], axis=0)
    np.testing.assert_allclose(tta.predict(predict_by_columns, images), expected, atol=1e-6)


def test_images_above_the_confidence_threshold_get_one_view(images):
    once = predict_by_columns(images)
    threshold = float(np.median(once.max(axis=1)))
    is_sure = once.max(axis=1) > threshold
    averaged = TTA(confidence_threshold=1.0).predict(predict_by_columns, images)
    proba = TTA(confidence_threshold=threshold).predict(predict_by_columns, images)
    np.testing.assert_allclose(proba, np.where(is_sure[:, None], once, averaged), atol=1e-6)
    assert 0 < is_sure.sum() < 40

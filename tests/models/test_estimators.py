"""Classical pipelines: they learn real digits, and their features are what they say."""

import numpy as np
import pytest

from src.data.image_statistics import measure_slant
from src.models import estimators
from src.models.classifiers import SklearnClassifier


@pytest.mark.parametrize(
    ("build", "at_least"),
    [
        (estimators.logistic_pca, 0.85),
        (estimators.forest_pca, 0.87),
        (estimators.svm_pca, 0.92),
        (estimators.svm_hog, 0.94),
        (estimators.knn, 0.92),
    ],
)
def test_learns_real_digits(build, at_least, sample_rows):
    images, labels = sample_rows
    pixels = images.reshape(len(images), -1)
    classifier = SklearnClassifier(build(0).fit(pixels[:1500], labels[:1500]))
    proba = classifier.predict_proba(images[3000:])
    assert (proba.argmax(axis=1) == labels[3000:]).mean() >= at_least
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    again = SklearnClassifier(build(0).fit(pixels[:1500], labels[:1500]))
    np.testing.assert_array_equal(again.predict_proba(images[3000:]), proba)


def test_deskewed_ink_stands_upright(sample_rows):
    pixels = sample_rows[0][:300].reshape(300, -1)
    deskewed = estimators.deskew(pixels)
    assert deskewed.shape == pixels.shape and deskewed.dtype == np.uint8
    assert np.abs(measure_slant(pixels)).mean() > 0.15 and np.abs(measure_slant(deskewed)).mean() < 0.02


def test_edges_are_described_by_direction_not_by_contrast():
    image = np.zeros((28, 28), np.uint8)
    image[:, 14:] = 200  # one upright edge: all changes are along x
    described = estimators.compute_hog(image.reshape(1, -1))
    assert described.shape == (1, 36 * 36)
    by_direction = described.reshape(-1, 9).sum(axis=0)
    assert by_direction[0] > 0 and not by_direction[1:].any()
    np.testing.assert_allclose(estimators.compute_hog(image.reshape(1, -1) // 2), described, atol=0.01)

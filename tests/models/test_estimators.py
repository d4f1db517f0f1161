"""Classical pipelines: they learn real digits, and their features have the documented properties."""

import numpy as np
import pytest

from src.data.image_statistics import measure_slant
from src.models import estimators
from src.models.classifiers import SklearnClassifier

PIPELINES = {
    estimators.logistic_pca: 0.85,
    estimators.forest_pca: 0.87,
    estimators.svm_pca: 0.92,
    estimators.svm_hog: 0.94,
    estimators.svm_gradient: 0.97,
    estimators.knn: 0.92,
    estimators.knn_deformation: 0.97,
}
"""With the accuracy that each reaches at least after training on 1,500 images."""


def fit(build, images, labels):
    return SklearnClassifier(build(0).fit(images.reshape(len(images), -1), labels))


@pytest.mark.parametrize(("build", "at_least"), PIPELINES.items())
def test_learns_real_digits(build, at_least, sample_rows):
    images, labels = sample_rows
    proba = fit(build, images[:1500], labels[:1500]).predict_proba(images[3000:])
    assert (proba.argmax(axis=1) == labels[3000:]).mean() >= at_least
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("build", PIPELINES)
def test_same_seed_gives_the_same_bits(build, sample_rows):
    images, labels = sample_rows[0][:500], sample_rows[1][:500]
    first, second = (fit(build, images[:400], labels[:400]).predict_proba(images[400:]) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_deskewed_images_have_no_slant(sample_rows):
    pixels = sample_rows[0][:300].reshape(300, -1)
    deskewed = estimators.deskew(pixels)
    assert deskewed.shape == pixels.shape and deskewed.dtype == np.uint8
    assert np.abs(measure_slant(pixels)).mean() > 0.15 and np.abs(measure_slant(deskewed)).mean() < 0.02


def test_hog_depends_on_the_orientation_of_edges_and_not_on_contrast():
    image = np.zeros((28, 28), np.uint8)
    image[:, 14:] = 200  # A vertical edge: all gradients point along x.
    features = estimators.compute_hog(image.reshape(1, -1))
    assert features.shape == (1, 36 * 36)
    by_orientation = features.reshape(-1, 9).sum(axis=0)
    assert by_orientation[0] > 0 and not by_orientation[1:].any()
    np.testing.assert_allclose(estimators.compute_hog(image.reshape(1, -1) // 2), features, atol=0.01)


def test_the_importance_of_principal_components_is_divided_among_the_pixels(sample_rows):
    images, labels = sample_rows[0][:300], sample_rows[1][:300]
    importance = estimators.compute_pixel_importance(fit(estimators.forest_pca, images, labels).pipeline)
    assert importance.shape == (28, 28) and importance.sum() == pytest.approx(1)
    assert importance[:3].mean() < 1 / 784 < importance[14, 14]  # The margin is nearly empty.


def test_a_model_without_trees_has_an_explained_variance_but_no_importance(sample_rows):
    images, labels = sample_rows[0][:300], sample_rows[1][:300]
    pipeline = fit(estimators.logistic_pca, images, labels).pipeline
    assert estimators.compute_pixel_importance(pipeline) is None
    variance = estimators.compute_explained_variance(pipeline)
    assert len(variance) == 150
    assert (np.diff(variance) >= 0).all() and 0.85 < variance[-1] <= 1 + 1e-9

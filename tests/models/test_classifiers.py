"""Fitted models: saved, loaded, and the same on another backend."""

import os
import subprocess
import sys

import numpy as np

from src.common.workspace import REPOSITORY
from src.images.test_time_augmentation import View
from src.models.classifiers import KerasClassifier, SklearnClassifier
from src.models.estimators import logistic_pca
from src.models.networks import large_kernel_cnn, residual_cnn, strided_cnn


def test_keras_round_trip(sample_rows, tmp_path):
    images = sample_rows[0][:600]  # more than one batch of predictions
    classifier = KerasClassifier(strided_cnn())
    classifier.save(tmp_path / "model.keras")
    loaded = KerasClassifier.load(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_proba(images), classifier.predict_proba(images))


def test_probabilities_are_averaged_over_the_views(sample_rows):
    images, model = sample_rows[0][:40], strided_cnn()
    views = (View(), View(rotation=10, zoom=0.9))
    single = [KerasClassifier(model).predict_proba(view.distort(images)) for view in views]
    assert (single[0] != single[1]).any()
    both = KerasClassifier(model, views=views).predict_proba(images)
    np.testing.assert_allclose(both, np.mean(single, axis=0), atol=1e-6)


def test_a_sure_first_look_is_enough(sample_rows):
    images, model = sample_rows[0][:40], strided_cnn()
    views = (View(), View(rotation=10, zoom=0.9))
    first, both = (KerasClassifier(model, views=some).predict_proba(images) for some in (views[:1], views))
    limit = float(np.median(first.max(axis=1)))
    sure = first.max(axis=1) > limit
    proba = KerasClassifier(model, views=views, sure_above=limit).predict_proba(images)
    np.testing.assert_allclose(proba, np.where(sure[:, None], first, both), atol=1e-6)
    assert 0 < sure.sum() < 40


def test_scikit_learn_round_trip(sample_rows, tmp_path):
    images, labels = sample_rows
    classifier = SklearnClassifier(logistic_pca(0, num_components=20).fit(images[:500].reshape(500, -1), labels[:500]))
    classifier.save(tmp_path / "model.joblib")
    loaded = SklearnClassifier.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(images[500:600]), classifier.predict_proba(images[500:600]))
    assert classifier.num_parameters() > 20 * 784


def test_saved_under_tensorflow_predicts_the_same_under_jax(sample_rows, tmp_path):
    images = sample_rows[0][:32]
    np.save(tmp_path / "images.npy", images)
    classifiers = {build.__name__: KerasClassifier(build()) for build in (strided_cnn, residual_cnn, large_kernel_cnn)}
    for name, classifier in classifiers.items():
        classifier.save(tmp_path / f"{name}.keras")
    script = (
        "import sys, pathlib, numpy as np, keras\n"
        "from src.classifiers import KerasClassifier\n"
        "assert keras.config.backend() == 'jax'\n"
        "directory = pathlib.Path(sys.argv[1])\n"
        "images = np.load(directory / 'images.npy')\n"
        "for path in directory.glob('*.keras'):\n"
        "    np.save(path.with_suffix('.npy'), KerasClassifier.load(path).predict_proba(images))\n"
    )
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=REPOSITORY, env=environment, check=True)
    for name, classifier in classifiers.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), classifier.predict_proba(images), atol=1e-5)

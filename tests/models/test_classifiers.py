"""Fitted models: saved, loaded, and the same on another backend."""

import os
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest

from src.common.workspace import REPOSITORY
from src.images.normalization import MomentNormalization
from src.images.test_time_augmentation import TTA
from src.models.classifiers import KerasClassifier, LineClassifier, SklearnClassifier, load_classifier
from src.models.estimators import logistic_pca
from src.models.layers import with_keras_layers
from src.models.networks import large_kernel_cnn, line_cnn, residual_cnn, strided_cnn, tiny_cnn

TWO_VIEWS = TTA(rotations=(10.0,), zooms=(0.9,), confidence_threshold=1.0)


@pytest.mark.parametrize("tta", [None, TWO_VIEWS, TTA()])
def test_a_loaded_network_predicts_the_same_bits_with_its_tta(sample_rows, tmp_path, tta):
    images = sample_rows[0][:600]  # more than one batch of predictions
    classifier = KerasClassifier(with_keras_layers(strided_cnn()), tta=tta)
    classifier.save(tmp_path / "model.keras")
    loaded = load_classifier(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_proba(images), classifier.predict_proba(images))
    assert loaded.tta == tta and loaded.without_tta().tta is None


def test_tta_changes_probabilities(sample_rows):
    images, model = sample_rows[0][:40], strided_cnn()
    with_tta = KerasClassifier(model, tta=TWO_VIEWS)
    once = with_tta.without_tta().predict_proba(images)
    assert (with_tta.predict_proba(images) != once).any()
    np.testing.assert_array_equal(once, KerasClassifier(model).predict_proba(images))


def test_a_loaded_network_normalises_images_before_tta(sample_rows, tmp_path):
    images, normalization = sample_rows[0][:40], MomentNormalization(max_stretch=1.2)
    plain = KerasClassifier(with_keras_layers(strided_cnn()), tta=TWO_VIEWS)
    KerasClassifier(plain.model, tta=TWO_VIEWS, normalization=normalization).save(tmp_path / "model.keras")
    loaded = load_classifier(tmp_path / "model.keras")
    assert loaded.normalization == normalization
    normalized = normalization.apply(images)
    np.testing.assert_array_equal(loaded.predict_proba(images), plain.predict_proba(normalized))
    once = loaded.without_tta().predict_proba(images)
    np.testing.assert_array_equal(once, plain.without_tta().predict_proba(normalized))


def test_a_file_from_before_there_was_normalisation_is_loaded(tmp_path):
    path = tmp_path / "model.keras"
    with_keras_layers(tiny_cnn()).save(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("classifier.json", '{"kind": "KerasClassifier", "tta": null}')
    loaded = load_classifier(path)
    assert loaded.tta is None and loaded.normalization is None


def test_a_line_network_classifies_single_digits(sample_rows, tmp_path):
    images = sample_rows[0][:20]
    classifier = LineClassifier(with_keras_layers(line_cnn()))
    proba = classifier.predict_proba(images)
    assert proba.shape == (20, 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    classifier.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(load_classifier(tmp_path / "model.keras").predict_proba(images), proba)


def test_keras_itself_loads_a_saved_network(sample_rows, tmp_path):
    classifier = KerasClassifier(with_keras_layers(strided_cnn()), tta=TWO_VIEWS)
    classifier.save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    expected = classifier.without_tta().predict_proba(sample_rows[0][:8])
    np.testing.assert_allclose(model.predict_on_batch(sample_rows[0][:8]), expected, atol=1e-6)


def test_scikit_learn_round_trip(sample_rows, tmp_path):
    images, labels = sample_rows
    classifier = SklearnClassifier(logistic_pca(0, num_components=20).fit(images[:500].reshape(500, -1), labels[:500]))
    classifier.save(tmp_path / "model.joblib")
    loaded = load_classifier(tmp_path / "model.joblib")
    np.testing.assert_array_equal(loaded.predict_proba(images[500:600]), classifier.predict_proba(images[500:600]))
    assert classifier.num_parameters() > 20 * 784


@pytest.mark.slow
def test_saved_under_tensorflow_predicts_the_same_under_jax(sample_rows, tmp_path):
    images = sample_rows[0][:32]
    np.save(tmp_path / "images.npy", images)
    classifiers = {
        build.__name__: KerasClassifier(with_keras_layers(build()))
        for build in (strided_cnn, residual_cnn, large_kernel_cnn)
    }
    for name, classifier in classifiers.items():
        classifier.save(tmp_path / f"{name}.keras")
    script = (
        "import sys, pathlib, numpy as np, keras\n"
        "from src.models.classifiers import load_classifier\n"
        "assert keras.config.backend() == 'jax'\n"
        "directory = pathlib.Path(sys.argv[1])\n"
        "images = np.load(directory / 'images.npy')\n"
        "for path in directory.glob('*.keras'):\n"
        "    np.save(path.with_suffix('.npy'), load_classifier(path).predict_proba(images))\n"
    )
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], cwd=REPOSITORY, env=environment, check=True)
    for name, classifier in classifiers.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), classifier.predict_proba(images), atol=1e-5)

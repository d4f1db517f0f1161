"""Exported files predict what the network predicts."""

import numpy as np
import pytest

from src.common.errors import InputError
from src.data.datasets import load_dataset
from src.experiments import EXPERIMENTS
from src.export.networks import export, open_litert
from src.images.normalization import MomentNormalization
from src.models.classifiers import KerasClassifier, LineClassifier, load_classifier
from src.models.layers import with_keras_layers
from src.models.networks import tiny_cnn
from src.models.onnx_files import open_onnx
from src.validation import cross_validation
from src.validation.runners.local import run_local
from tests.fold_results import save_fake_result
from tests.line_networks import tiny_line_cnn

SMOKE, LOGISTIC = EXPERIMENTS["smoke"], EXPERIMENTS["logistic_pca"]


def test_exported_files_predict_what_the_network_predicts(small):
    cross_validation.run([SMOKE], [1], small, run_local)
    dataset = load_dataset(small)
    files = export("smoke", 1, dataset, small)
    assert [file.path.name for file in files] == ["fold_1.onnx", "fold_1.tflite", "fold_1_int8.tflite"]
    assert [file.agreement for file in files[:2]] == [1, 1] and files[2].agreement > 0.6
    assert files[2].num_bytes < files[1].num_bytes and all(file.microseconds > 0 for file in files)
    network = load_classifier(small.fold_path("smoke", 1, ".keras")).without_tta()
    expected = network.predict_proba(dataset.test_images)
    for predict in (open_onnx(files[0].path), open_litert(files[1].path)):
        np.testing.assert_allclose(predict(dataset.test_images), expected, atol=1e-4)
    _, rows = dataset.folds.split(1)
    right = open_onnx(files[0].path)(dataset.images[rows]).argmax(axis=1) == dataset.labels[rows]
    assert files[0].accuracy == pytest.approx(right.mean())


def test_what_is_not_a_trained_network_is_refused(small):
    dataset = load_dataset(small)
    with pytest.raises(InputError, match=r"no network .* python -m scripts.train smoke --folds 0"):
        export("smoke", 0, dataset, small)
    cross_validation.run([LOGISTIC], [0], small, run_local)
    with pytest.raises(InputError, match="there is no network"):
        export("logistic_pca", 0, dataset, small)
    with pytest.raises(InputError, match=r"there is no fold 9: .* has the folds 0\.\.1"):
        export("smoke", 9, dataset, small)
    save_fake_result(small, "damaged", 0)
    with pytest.raises(InputError, match=r"fold_0\.keras cannot be loaded .* scripts.train damaged --folds 0"):
        export("damaged", 0, dataset, small)
    assert not list(small.oof_dir.rglob("*.onnx"))


def test_line_networks_and_networks_of_normalised_images_are_refused(small):
    save_fake_result(small, "lines", 0)
    LineClassifier(tiny_line_cnn()).save(small.fold_path("lines", 0, ".keras"))
    with pytest.raises(InputError, match=r"line network.* python -m scripts.release lines"):
        export("lines", 0, load_dataset(small), small)
    save_fake_result(small, "upright", 0)
    network = KerasClassifier(with_keras_layers(tiny_cnn()), normalization=MomentNormalization())
    network.save(small.fold_path("upright", 0, ".keras"))
    with pytest.raises(InputError, match="upright normalises images"):
        export("upright", 0, load_dataset(small), small)
    assert not list(small.oof_dir.rglob("*.onnx"))

"""Networks in other formats say what the network says, and the app's network is made of all rows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from src.app.release.recogniser import ship
from src.app.vision.recogniser import Recogniser
from src.common.errors import InputError
from src.data.datasets import load_dataset
from src.experiments import EXPERIMENTS
from src.export.networks import export, open_litert, open_onnx
from src.models.classifiers import KerasClassifier
from src.validation import cross_validation
from src.validation.runners.local import run_local

SMOKE, LOGISTIC = EXPERIMENTS["smoke"], EXPERIMENTS["logistic_pca"]
STUDENT = replace(SMOKE, name="student", teachers=(LOGISTIC,), trainer=replace(SMOKE.trainer, epochs=4))


def test_exported_files_say_what_the_network_says(small):
    cross_validation.run([SMOKE], [1], small, run_local)
    dataset = load_dataset(small)
    files = export("smoke", 1, dataset, small)
    assert [file.path.name for file in files] == ["fold_1.onnx", "fold_1.tflite", "fold_1_int8.tflite"]
    assert [file.agreement for file in files[:2]] == [1, 1] and files[2].agreement > 0.6
    assert files[2].num_bytes < files[1].num_bytes and all(file.microseconds > 0 for file in files)
    expected = KerasClassifier.load(small.fold_path("smoke", 1, ".keras")).predict_proba(dataset.test_images)
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
    assert not list(small.oof_dir.rglob("*.onnx"))


def test_the_apps_network_learns_from_all_rows(small, tmp_path):
    dataset, directory = load_dataset(small), tmp_path / "weights"
    with pytest.raises(InputError, match="not a network with teachers"):
        ship(SMOKE, dataset, small, directory)
    cross_validation.run([LOGISTIC], None, small, run_local)
    with pytest.raises(InputError, match=r"2 folds are not trained yet.* logistic_pca student"):
        ship(STUDENT, dataset, small, directory)
    assert not directory.exists()
    cross_validation.run([STUDENT], None, small, run_local)
    other = replace(STUDENT, trainer=replace(STUDENT.trainer, epochs=5))
    with pytest.raises(InputError, match="another recipe"):
        ship(other, dataset, small, directory)
    record = ship(STUDENT, dataset, small, directory)
    assert json.loads((directory / "reader.json").read_text()) == record
    assert record.num_train_rows == 300 and record["num_bytes"] == (directory / "reader.onnx").stat().st_size
    recogniser = Recogniser(directory / "reader.onnx")
    assert (recogniser.predict_proba(dataset.images).argmax(axis=1) == dataset.labels).mean() > 0.8
    assert not small.release_checkpoint_dir("student").exists()

"""The app's network for single digits learns from all rows, after its folds and those of its teachers."""

import json
from dataclasses import replace

import pytest

from src.app.release.recogniser import release_recogniser
from src.app.vision.recogniser import Recogniser
from src.common.errors import InputError
from src.data.datasets import load_dataset
from src.experiments import EXPERIMENTS
from src.images.normalization import MomentNormalization
from src.training.distillation import Distillation
from src.validation import cross_validation
from src.validation.runners.local import run_local

SMOKE, LOGISTIC = EXPERIMENTS["smoke"], EXPERIMENTS["logistic_pca"]
STUDENT = replace(
    SMOKE,
    name="student",
    teachers=(LOGISTIC,),
    distillation=Distillation(),
    trainer=replace(SMOKE.trainer, epochs=4),
)


def test_only_a_student_with_trained_folds_is_released(small, tmp_path):
    dataset, directory = load_dataset(small), tmp_path / "weights"
    with pytest.raises(InputError, match="not a network with teachers"):
        release_recogniser(SMOKE, dataset, small, directory)
    normalized = replace(STUDENT, trainer=replace(STUDENT.trainer, normalization=MomentNormalization()))
    with pytest.raises(InputError, match="student normalises images"):
        release_recogniser(normalized, dataset, small, directory)
    cross_validation.run([LOGISTIC], None, small, run_local)
    with pytest.raises(InputError, match=r"2 folds are not trained yet.* logistic_pca student"):
        release_recogniser(STUDENT, dataset, small, directory)
    assert not directory.exists()


@pytest.mark.slow
def test_the_network_learns_from_all_rows(small, tmp_path):
    dataset, directory = load_dataset(small), tmp_path / "weights"
    cross_validation.run([LOGISTIC, STUDENT], None, small, run_local)
    other = replace(STUDENT, trainer=replace(STUDENT.trainer, epochs=5))
    with pytest.raises(InputError, match="another recipe"):
        release_recogniser(other, dataset, small, directory)
    record = release_recogniser(STUDENT, dataset, small, directory)
    assert json.loads((directory / "student.json").read_text()) == record
    assert record["num_train_rows"] == 300 and record["num_bytes"] == (directory / "student.onnx").stat().st_size
    assert 0 < record["oof_accuracy"] <= 1 and record["recipe_hash"] == STUDENT.hash()
    recogniser = Recogniser(directory / "student.onnx")
    assert (recogniser.predict_proba(dataset.images).argmax(axis=1) == dataset.labels).mean() > 0.8
    assert not small.release_checkpoint_dir("student").exists()

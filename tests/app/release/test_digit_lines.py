"""The app's network for lines is the model of fold 0, measured on numbers of rows held out from it."""

import json

import numpy as np
import pytest

from src.app.release import digit_lines
from src.app.release.digit_lines import release_digit_lines
from src.common.errors import InputError
from src.data.datasets import load_dataset
from src.experiments import EXPERIMENTS
from src.images.digit_lines import COLUMN_STEP, NO_CENTER
from src.models.onnx_files import open_onnx
from src.training import line_trainer
from src.validation import cross_validation
from src.validation.fold_tasks import load_fold_classifier
from src.validation.runners.local import run_local
from tests.line_networks import TINY_LINES


@pytest.fixture(autouse=True)
def few_lines(monkeypatch):
    for module in (line_trainer, digit_lines):
        monkeypatch.setattr(module, "NUM_HELD_OUT", 200)


def test_the_released_network_is_the_model_of_fold_0(small, tmp_path):
    dataset, directory = load_dataset(small), tmp_path / "weights"
    with pytest.raises(InputError, match=r"python -m scripts.train tiny_lines --folds 0"):
        release_digit_lines(TINY_LINES, dataset, small, directory)
    assert not directory.exists()
    cross_validation.run([TINY_LINES], [0], small, run_local)
    record = release_digit_lines(TINY_LINES, dataset, small, directory)
    assert json.loads((directory / "tiny_lines.json").read_text()) == record
    assert record["num_train_rows"] < 300 and record["num_bytes"] == (directory / "tiny_lines.onnx").stat().st_size
    assert set(record["accuracy_by_height"]) == {"12", "18", "30", "60"} and "12" in record["accuracy_by_num_digits"]
    assert 0 <= record["line_accuracy"] <= 1 and record["recipe_hash"] == TINY_LINES.hash()
    predict, model = open_onnx(directory / "tiny_lines.onnx"), load_fold_classifier(small, "tiny_lines", 0).model
    for width in (28, 72, 200):
        lines = np.random.default_rng(width).integers(0, 256, (2, 28, width, 1), np.uint8)
        proba = predict(lines)
        assert proba.shape == (2, width // COLUMN_STEP, NO_CENTER + 1)
        np.testing.assert_allclose(proba, model.predict_on_batch(lines), atol=1e-4)


def test_what_is_not_a_line_network_is_refused(small, tmp_path):
    with pytest.raises(InputError, match="not a line network"):
        release_digit_lines(EXPERIMENTS["smoke"], load_dataset(small), small, tmp_path)
    assert not list(tmp_path.glob("*.onnx"))

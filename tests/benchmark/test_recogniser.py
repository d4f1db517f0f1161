"""The benchmark of the app on networks that were not trained on its digits, and what it refuses."""

import json
import shutil

import pytest

from src.app.vision.recogniser import Recogniser
from src.benchmark import recogniser as benchmark
from src.benchmark.recogniser import measure_invariance, measure_recogniser, recognise_kinds, recognise_numbers
from src.common.arrays import LabelledImages
from src.common.errors import InputError
from src.common.workspace import APP_WEIGHTS_DIR
from src.data.datasets import load_dataset


def test_the_tracked_networks_recognise_synthetic_pictures(sample_rows):
    """They may have been trained on these digits, so these are no held-out accuracies."""
    digits = LabelledImages(*(rows[::80] for rows in sample_rows))
    recogniser = Recogniser()
    assert sum(answer.is_right for answer in recognise_kinds(recogniser, digits)) > 0.9 * len(digits.labels)
    assert sum(answer.is_right for answer in recognise_numbers(recogniser, digits, num_numbers=10)) > 5
    invariance = measure_invariance(recogniser, digits.images[:10])
    assert min(invariance.values()) > 0.6
    assert sum(invariance.values()) / len(invariance) > 0.9


def test_only_held_out_digits_are_measured(small, monkeypatch):
    with pytest.raises(InputError, match=r"python -m scripts.export recogniser"):
        measure_recogniser(small)
    path = small.fold_path("recogniser", 0, ".onnx")
    path.parent.mkdir(parents=True)
    shutil.copyfile(APP_WEIGHTS_DIR / "recogniser.onnx", path)
    with pytest.raises(InputError, match=r"rows of other folds.*workspace with the data and folds"):
        measure_recogniser(small)
    fingerprints = load_dataset(small).fingerprints()
    records = {"experiment": "recogniser", "digit_lines": {"fingerprints": fingerprints}}
    monkeypatch.setattr(benchmark, "load_network_records", lambda: json.loads(json.dumps(records)))
    for name in ("NUM_PICTURES", "NUM_NUMBERS", "NUM_DRAWINGS"):
        monkeypatch.setattr(benchmark, name, 5)
    figures = measure_recogniser(small)
    assert set(figures) == {
        "number_accuracy", "number_standard_error", "number_heights", "number_confidence", "picture_accuracy",
        "picture_standard_error", "picture_kinds", "picture_confidence", "invariance_rate", "invariance",
    }  # fmt: skip

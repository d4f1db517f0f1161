"""The benchmark of the app on networks that were not trained on its digits, and what it refuses."""

import json
import shutil

import pytest

from src.app.vision.recogniser import Recogniser
from src.benchmark import recogniser as benchmark
from src.benchmark.recogniser import measure_invariance, measure_numbers, measure_photos, measure_recogniser
from src.common.arrays import LabelledImages
from src.common.errors import InputError
from src.common.workspace import APP_WEIGHTS_DIR
from src.data.datasets import load_dataset


def test_the_tracked_networks_recognise_synthetic_pictures(sample_rows):
    """They may have been trained on these digits, so these are no held-out accuracies."""
    digits = LabelledImages(*(rows[::80] for rows in sample_rows))
    recogniser = Recogniser()
    assert measure_photos(recogniser, digits) > 0.9
    assert measure_numbers(recogniser, digits, num_numbers=10) > 0.5
    invariance = measure_invariance(recogniser, digits.images[:10])
    assert min(invariance.values()) > 0.6
    assert sum(invariance.values()) / len(invariance) > 0.9


def test_only_held_out_digits_are_measured(small, monkeypatch):
    with pytest.raises(InputError, match=r"python -m scripts.export recogniser"):
        measure_recogniser(small)
    path = small.fold_path("recogniser", 0, ".onnx")
    path.parent.mkdir(parents=True)
    shutil.copyfile(APP_WEIGHTS_DIR / "recogniser.onnx", path)
    with pytest.raises(InputError, match=r"rows of other folds.*python -m scripts.release touching_digits"):
        measure_recogniser(small)
    fingerprints = load_dataset(small).fingerprints()
    records = {"experiment": "recogniser", "touching_digits": {"fingerprints": fingerprints}}
    monkeypatch.setattr(benchmark, "load_network_records", lambda: json.loads(json.dumps(records)))
    for name in ("NUM_PHOTOS", "NUM_NUMBERS", "NUM_DRAWINGS"):
        monkeypatch.setattr(benchmark, name, 5)
    figures = measure_recogniser(small)
    assert set(figures) == {
        "number_accuracy", "number_standard_error", "paper_accuracy", "paper_standard_error",
        "invariance_rate", "invariance",
    }  # fmt: skip

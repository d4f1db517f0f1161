"""Fold results: complete or absent."""

import json
from dataclasses import replace

import numpy as np
import pytest

from src.common.errors import InputError
from src.data.folds import load_folds
from src.validation.fold_results import (
    FoldPredictions,
    FoldResult,
    load_fold_record,
    save_fold_result,
)
from src.validation.oof import load_oof_predictions
from tests.conftest import files_below
from tests.fold_results import RECORD, save_fake_result


def test_saving_leaves_no_temporary_files(small):
    save_fake_result(small, "a", 0)
    saved = {name for name in files_below(small.oof_dir) if ".checkpoint" not in name}
    assert saved == {"a/fold_0.npz", "a/fold_0.json", "a/fold_0.keras"}


def test_a_half_written_fold_is_not_complete(small):
    for fold in (0, 1):
        save_fake_result(small, "a", fold)
    small.fold_path("a", 1, ".json").unlink()  # what a crash leaves: the record is written last
    assert load_fold_record(small, "a", 1) is None
    with pytest.raises(InputError, match=r"lacks folds 1; train them: python -m scripts\.train a"):
        load_oof_predictions(small, "a", load_folds(small))


def test_a_failed_save_leaves_the_fold_incomplete_and_no_temporary_file(small):
    model = small.root / "model.keras"
    model.write_bytes(b"")
    predictions = FoldPredictions(np.arange(1), np.ones((1, 10)), np.ones((1, 10)))
    with pytest.raises(TypeError):
        save_fold_result(FoldResult(predictions, model, replace(RECORD, history=[{"not for JSON": object()}])), small)
    assert load_fold_record(small, "a", 0) is None
    assert not [name for name in files_below(small.oof_dir) if ".tmp" in name]


@pytest.mark.parametrize(("suffix", "keep"), [(".npz", 0), (".npz", 1000), (".json", 20)])
def test_a_damaged_file_names_the_remedy(small, suffix, keep):
    for fold in (0, 1):
        save_fake_result(small, "a", fold)
    path = small.fold_path("a", 1, suffix)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"fold_1.*damaged.*scripts\.train a --folds 1"):
        load_oof_predictions(small, "a", load_folds(small))


@pytest.mark.parametrize(
    "change",
    [
        {"fold": "1"},
        {"history": {}},
        {"recipe": {}},
        {"valid_accuracy": None},
        {"checksums": [1]},
        {"extra": 1},
        {"threads": 1.5},
    ],
)
def test_an_edited_record_of_wrong_types_is_damaged(small, change):
    save_fake_result(small, "a", 1)
    path = small.fold_path("a", 1, ".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=r"fold_1.*damaged.*scripts\.train a --folds 1"):
        load_fold_record(small, "a", 1)


def test_predictions_of_another_experiment_are_refused(small):
    for name in ("a", "b"):
        for fold in (0, 1):
            save_fake_result(small, name, fold, np.eye(10)[np.full(300, 3 if name == "a" else 7)])
    small.fold_path("a", 1, ".npz").write_bytes(small.fold_path("b", 1, ".npz").read_bytes())
    with pytest.raises(InputError, match=r"fold_1\.npz does not hold this fold; .*scripts\.train a --folds 1"):
        load_oof_predictions(small, "a", load_folds(small))


def test_a_record_of_another_fold_is_refused(small):
    save_fake_result(small, "a", 0)
    small.fold_path("a", 1, ".json").write_bytes(small.fold_path("a", 0, ".json").read_bytes())
    with pytest.raises(InputError, match=r"fold_1\.json is damaged"):
        load_fold_record(small, "a", 1)

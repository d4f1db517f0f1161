"""The table over all experiments, and the paired comparison with one of them."""

import numpy as np
import pytest

from src.common.errors import InputError
from src.data.folds import load_folds
from src.evaluation.scoreboard import make_scoreboard
from tests.validation.test_fold_results import save_fake_result

FIGURES = {
    "train_accuracy": 1.0,
    "num_parameters": 10,
    "model_bytes": 7,
    "num_train_rows": 150,
    "inference_images_per_second": 100.0,
    "single_image_seconds": 0.02,
}


def save_predictions(workspace, experiment, chosen_folds, wrong_rows=(), **changes):
    """Save folds of an experiment that is right on all rows but `wrong_rows`."""
    labels = load_folds(workspace).labels.copy()
    labels[list(wrong_rows)] = (labels[list(wrong_rows)] + 1) % 10
    for fold in chosen_folds:
        save_fake_result(workspace, experiment, fold, np.eye(10)[labels] * 0.9 + 0.01, **FIGURES | changes)


def test_gain_is_paired_on_the_rows_that_both_have(small):
    folds = load_folds(small)
    in_fold_0 = folds.split(0)[1]
    save_predictions(small, "reference", [0, 1], wrong_rows=range(300))
    save_predictions(small, "half", [0], wrong_rows=in_fold_0[:30])
    save_predictions(small, "other", [1])
    board = make_scoreboard(small, folds, against="reference").set_index("experiment")
    assert list(board.index) == ["other", "half", "reference"]
    share = 30 / len(in_fold_0)
    assert board.oof_accuracy["half"] == pytest.approx(1 - share)
    assert board.gain["half"] == pytest.approx(1 - share)
    assert board.gain_standard_error["half"] == pytest.approx((share * (1 - share) / len(in_fold_0)) ** 0.5)
    assert board.gain["other"] == 1 and board.gain["reference"] == 0
    assert np.isnan(make_scoreboard(small, folds, against="other").set_index("experiment").gain["half"])
    assert "gain" not in make_scoreboard(small, folds)


def test_comparing_with_what_is_not_there_is_refused(small):
    save_predictions(small, "half", [0])
    with pytest.raises(InputError, match="no results of 'whole'; it has: half"):
        make_scoreboard(small, load_folds(small), against="whole")


def test_results_from_before_single_images_were_timed_are_shown(small):
    save_predictions(small, "old", [0, 1])
    path = small.fold_path("old", 1, ".json")
    path.write_text(path.read_text().replace('"single_image_seconds": 0.02', '"other": 0'))
    board = make_scoreboard(small, load_folds(small))
    assert np.isnan(board.single_image_seconds[0]) and board.images_per_second[0] == 100

"""The table of all experiments, and the paired comparison with one of them."""

import numpy as np
import pandas as pd
import pytest

from src.common.errors import InputError
from src.data.folds import load_folds
from src.evaluation.scoreboard import make_scoreboard
from tests.fold_results import save_predictions


def test_figures_are_over_the_complete_folds(small):
    save_predictions(small, "half", [1], train_seconds=2.0)
    save_predictions(small, "complete", [0, 1], wrong_rows=[0, 1, 2], train_seconds=2.0)
    folds = load_folds(small)
    board = make_scoreboard(small, folds)
    assert list(board.experiment) == ["half", "complete"] and list(board.folds_done) == [1, 2]
    assert board.oof_accuracy.tolist() == [1, pytest.approx(1 - 3 / 300)]
    assert board.train_seconds.tolist() == [2, 4] and board.images_per_second.tolist() == [100, 100]
    assert board.single_image_seconds.tolist() == [0.02, 0.02] and "gain" not in board
    pd.testing.assert_frame_equal(pd.read_csv(small.scoreboard_csv), board)


def test_the_gain_is_paired_on_the_rows_that_both_have(small):
    folds = load_folds(small)
    in_fold_0 = folds.split(0)[1]
    save_predictions(small, "reference", [0, 1], wrong_rows=range(300))
    save_predictions(small, "half", [0], wrong_rows=in_fold_0[:30])
    save_predictions(small, "other", [1])
    board = make_scoreboard(small, folds, against="reference").set_index("experiment")
    assert list(board.index) == ["other", "half", "reference"]
    fraction = 30 / len(in_fold_0)
    assert board.oof_accuracy["half"] == pytest.approx(1 - fraction)
    assert board.gain["half"] == pytest.approx(1 - fraction)
    assert board.gain_standard_error["half"] == pytest.approx((fraction * (1 - fraction) / len(in_fold_0)) ** 0.5)
    assert board.gain["other"] == 1 and board.gain["reference"] == 0
    assert np.isnan(make_scoreboard(small, folds, against="other").set_index("experiment").gain["half"])


def test_comparing_with_an_experiment_without_results_is_refused(small):
    save_predictions(small, "half", [0])
    with pytest.raises(InputError, match=r"no results of 'whole'.* There are results of: half"):
        make_scoreboard(small, load_folds(small), against="whole")


def test_no_results_are_an_empty_board(small):
    assert make_scoreboard(small, load_folds(small)).empty and not small.scoreboard_csv.exists()

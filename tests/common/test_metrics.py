"""Figures from labels and probabilities, against counts made by hand."""

import numpy as np
import pytest

from src.common.metrics import (
    accuracy_gain,
    log_loss,
    expected_calibration_error,
    mcnemar_p_value,
    compute_metrics,
    compute_digit_metrics,
)

LABELS = np.repeat(np.arange(10), 10)


def predict(labels, confidence=0.91):
    """Probabilities of a model that says `labels` and is always equally sure."""
    return np.where(np.eye(10)[labels] == 1, confidence, (1 - confidence) / 9).astype(np.float32)


@pytest.fixture
def said():
    """The labels, but for two threes that are called eights."""
    said = LABELS.copy()
    said[30:32] = 8
    return said


def test_figures_of_two_mistaken_threes(said):
    figures = compute_metrics(LABELS, predict(said))
    assert figures["oof_accuracy"] == pytest.approx(0.98)
    assert figures["oof_standard_error"] == pytest.approx((0.98 * 0.02 / 100) ** 0.5)
    assert figures["macro_recall"] == pytest.approx(0.98)
    assert figures["macro_precision"] == pytest.approx((9 + 10 / 12) / 10)
    assert figures["macro_f1"] == pytest.approx((8 + 16 / 18 + 20 / 22) / 10)
    assert figures["log_loss"] == pytest.approx(-0.98 * np.log(0.91) - 0.02 * np.log(0.01), rel=1e-5)
    hit, miss = 0.09**2 + 9 * 0.01**2, 0.91**2 + 0.99**2 + 8 * 0.01**2
    assert figures["brier"] == pytest.approx(0.98 * hit + 0.02 * miss, rel=1e-5)
    assert figures["rmse"] == pytest.approx((figures["brier"] / 10) ** 0.5)
    assert figures["expected_calibration_error"] == pytest.approx(0.98 - 0.91, rel=1e-4)
    # Against all other rows, two of ten threes tie with them; two of the others tie with the eights.
    assert figures["roc_auc"] == pytest.approx((8 + 0.9 + 1 - 2 / 90 / 2) / 10)


def test_digits_are_told_apart(said):
    by_digit = compute_digit_metrics(LABELS, predict(said))
    assert by_digit.recall[3] == pytest.approx(0.8) and by_digit.precision[3] == 1
    assert by_digit.recall[8] == 1 and by_digit.precision[8] == pytest.approx(10 / 12)
    assert (by_digit.rows == 10).all() and (by_digit.f1[[0, 1, 2, 4, 5, 6, 7, 9]] == 1).all()


def test_expected_calibration_error_adds_up_bins_of_confidence():
    sure, unsure = predict(LABELS, 0.95), predict((LABELS + 1) % 10, 0.3)
    assert expected_calibration_error(LABELS, np.concatenate([sure[:50], unsure[50:]])) == pytest.approx(
        (0.05 + 0.3) / 2, rel=1e-5
    )
    assert expected_calibration_error(LABELS, predict(LABELS, 1.0)) == 0


def test_a_certain_mistake_costs_much_but_not_everything(said):
    assert 0.3 < log_loss(LABELS, predict(said, 1.0)) < np.inf


def test_mcnemar_counts_the_rows_that_one_model_alone_has_right(said):
    other = LABELS.copy()
    other[:10] = 5
    assert mcnemar_p_value(LABELS, predict(said), predict(other)) == pytest.approx(0.0385742, abs=1e-6)  # 10 against 2
    assert mcnemar_p_value(LABELS, predict(other), predict(said)) == mcnemar_p_value(LABELS, predict(said), predict(other))
    assert mcnemar_p_value(LABELS, predict(said), predict(said)) == 1
    assert accuracy_gain(LABELS, predict(said), predict(other))[0] == pytest.approx(0.08)

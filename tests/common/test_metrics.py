"""Metrics of labels and probabilities, against values computed by hand."""

import numpy as np
import pytest

from src.common.metrics import (
    accuracy_gain,
    compute_digit_metrics,
    compute_metrics,
    expected_calibration_error,
    format_accuracy,
    log_loss,
    log_loss_gain,
    mcnemar_p_value,
)

LABELS = np.repeat(np.arange(10), 10)


def make_proba(predicted, confidence=0.91):
    """Make probabilities of a model that predicts these digits, each with the same confidence."""
    return np.where(np.eye(10)[predicted] == 1, confidence, (1 - confidence) / 9).astype(np.float32)


@pytest.fixture
def predicted():
    """The labels, but for two threes that are predicted as eights."""
    predicted = LABELS.copy()
    predicted[30:32] = 8
    return predicted


def test_metrics_of_two_wrong_threes(predicted):
    figures = compute_metrics(LABELS, make_proba(predicted))
    assert figures["oof_accuracy"] == pytest.approx(0.98)
    assert figures["oof_standard_error"] == pytest.approx((0.98 * 0.02 / 100) ** 0.5)
    assert figures["macro_recall"] == pytest.approx(0.98)
    assert figures["macro_precision"] == pytest.approx((9 + 10 / 12) / 10)
    assert figures["macro_f1"] == pytest.approx((8 + 16 / 18 + 20 / 22) / 10)
    assert figures["log_loss"] == pytest.approx(-0.98 * np.log(0.91) - 0.02 * np.log(0.01), rel=1e-5)
    right, wrong = 0.09**2 + 9 * 0.01**2, 0.91**2 + 0.99**2 + 8 * 0.01**2
    assert figures["brier"] == pytest.approx(0.98 * right + 0.02 * wrong, rel=1e-5)
    assert figures["rmse"] == pytest.approx((figures["brier"] / 10) ** 0.5)
    assert figures["expected_calibration_error"] == pytest.approx(0.98 - 0.91, rel=1e-4)
    # Against all other rows, two of ten threes tie with them; two of the others tie with the eights.
    assert figures["roc_auc"] == pytest.approx((8 + 0.9 + 1 - 2 / 90 / 2) / 10)


def test_the_roc_auc_is_undefined_if_a_digit_does_not_occur(predicted):
    assert np.isnan(compute_metrics(LABELS[:90], make_proba(predicted[:90]))["roc_auc"])


def test_metrics_of_each_digit(predicted):
    digits = compute_digit_metrics(LABELS, make_proba(predicted))
    assert digits.recall[3] == pytest.approx(0.8) and digits.precision[3] == 1
    assert digits.recall[8] == 1 and digits.precision[8] == pytest.approx(10 / 12)
    assert (digits.rows == 10).all() and (digits.f1[[0, 1, 2, 4, 5, 6, 7, 9]] == 1).all()


def test_expected_calibration_error_sums_over_bins_of_confidence():
    confident, unsure = make_proba(LABELS, 0.95), make_proba((LABELS + 1) % 10, 0.3)
    half_each = np.concatenate([confident[:50], unsure[50:]])
    assert expected_calibration_error(LABELS, half_each) == pytest.approx((0.05 + 0.3) / 2, rel=1e-5)
    assert expected_calibration_error(LABELS, make_proba(LABELS, 1.0)) == 0


def test_a_certain_mistake_has_a_finite_log_loss(predicted):
    assert 0.3 < log_loss(LABELS, make_proba(predicted, 1.0)) < np.inf


def test_gains_are_paired(predicted):
    better, worse = make_proba(LABELS), make_proba(predicted)
    gain, error = accuracy_gain(LABELS, better, worse)
    assert gain == pytest.approx(0.02) and error == pytest.approx((0.02 * 0.98 / 100) ** 0.5)
    gain, error = log_loss_gain(LABELS, better, worse)
    assert gain == pytest.approx(0.02 * np.log(91), rel=1e-5)
    assert error == pytest.approx(np.log(91) * (0.02 * 0.98 / 100) ** 0.5, rel=1e-5)
    assert log_loss_gain(LABELS, better, better) == (0, 0)


def test_mcnemar_counts_the_rows_that_only_one_model_predicts_correctly(predicted):
    proba, reference = make_proba(predicted), LABELS.copy()
    reference[:10] = 5
    reference = make_proba(reference)
    assert mcnemar_p_value(LABELS, proba, reference) == pytest.approx(0.0385742, abs=1e-6)  # 10 against 2
    assert mcnemar_p_value(LABELS, reference, proba) == mcnemar_p_value(LABELS, proba, reference)
    assert mcnemar_p_value(LABELS, proba, proba) == 1
    assert accuracy_gain(LABELS, proba, reference)[0] == pytest.approx(0.08)


def test_an_accuracy_is_written_with_its_standard_error():
    assert format_accuracy(0.9962, 8400) == "99.62 ± 0.07 %"

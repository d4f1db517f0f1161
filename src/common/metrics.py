"""Accuracy and other metrics, computed from labels, int64 (n,), and class probabilities, (n, 10)."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest
from sklearn import metrics

from src.common.arrays import Labels, Proba
from src.common.competition import NUM_CLASSES

NUM_CALIBRATION_BINS = 15
"""Bins of equal width that confidences are divided into for the expected calibration error."""
_EPSILON = np.finfo(np.float64).eps
"""Keeps the logarithm of a probability of 0 finite; scikit-learn's `log_loss` clips at the same value."""


def accuracy(labels: Labels, proba: Proba) -> float:
    """Compute the fraction of rows whose most probable class is the label."""
    return float(_is_correct(labels, proba).mean())


def standard_error(fraction: float, num_rows: int) -> float:
    """Compute the standard error of a fraction p of n independent rows: sqrt(p (1 - p) / n), the binomial formula."""
    return float((fraction * (1 - fraction) / num_rows) ** 0.5)


def confidence_interval(num_correct: int, num_rows: int) -> tuple[float, float]:
    """Compute the 95 % confidence interval of an accuracy by Wilson's method.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference".
    """
    interval = binomtest(num_correct, num_rows).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def compute_metrics(labels: Labels, proba: Proba) -> dict[str, float]:
    """Compute all metrics of one experiment's OOF predictions.

    Args:
        labels: int64 (n,).
        proba: (n, 10).

    Returns:
        oof_accuracy, oof_standard_error: accuracy and its standard error.
        macro_precision, macro_recall, macro_f1: unweighted means over the ten digits.
        log_loss: in nats, see `log_loss`.
        roc_auc: unweighted mean of the ten one-versus-rest areas under the ROC curve; nan if a digit does not occur.
        brier: mean over rows of the summed squared differences to the one-hot labels, from 0 to 2 (Brier 1950,
            "Verification of forecasts expressed in terms of probability").
        rmse: root mean square of the same differences, over rows and classes.
        expected_calibration_error: see `expected_calibration_error`.
    """
    proba = _normalize(proba)
    correct = accuracy(labels, proba)
    brier = float(metrics.brier_score_loss(labels, proba, labels=range(NUM_CLASSES), scale_by_half=False))
    digits = compute_digit_metrics(labels, proba)
    return {
        "oof_accuracy": correct,
        "oof_standard_error": standard_error(correct, len(labels)),
        "macro_precision": float(digits["precision"].mean()),
        "macro_recall": float(digits["recall"].mean()),
        "macro_f1": float(digits["f1"].mean()),
        "log_loss": log_loss(labels, proba),
        "roc_auc": _one_versus_rest_roc_auc(labels, proba),
        "rmse": (brier / NUM_CLASSES) ** 0.5,
        "brier": brier,
        "expected_calibration_error": expected_calibration_error(labels, proba),
    }


def compute_digit_metrics(labels: Labels, proba: Proba) -> pd.DataFrame:
    """Compute the metrics of each digit: ten rows with the columns precision, recall, f1 and rows (images of it)."""
    columns = metrics.precision_recall_fscore_support(
        labels, proba.argmax(axis=1), labels=range(NUM_CLASSES), zero_division=0.0
    )
    return pd.DataFrame(dict(zip(("precision", "recall", "f1", "rows"), columns, strict=True)))


def log_loss(labels: Labels, proba: Proba) -> float:
    """Compute the log loss, also called cross-entropy, in nats: the mean of -ln p(label)."""
    return float(metrics.log_loss(labels, _normalize(proba), labels=range(NUM_CLASSES)))


def expected_calibration_error(labels: Labels, proba: Proba) -> float:
    """Compute the mean absolute difference between confidence and accuracy over bins, weighted by their rows.

    The confidence of a row is its largest probability. Source: Guo et al. 2017, "On calibration of modern neural
    networks", arXiv:1706.04599.
    """
    confidence, correct = proba.max(axis=1).astype(np.float64), _is_correct(labels, proba)
    differences = np.bincount(assign_confidence_bins(confidence), confidence - correct, NUM_CALIBRATION_BINS)
    return float(np.abs(differences).sum() / len(labels))


def assign_confidence_bins(confidence: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
    """Assign confidences from 0 to 1, (n,), to bins of equal width: int64 (n,), 0 to `NUM_CALIBRATION_BINS` - 1."""
    return np.minimum((confidence * NUM_CALIBRATION_BINS).astype(np.int64), NUM_CALIBRATION_BINS - 1)


def accuracy_gain(labels: Labels, proba: Proba, reference: Proba) -> tuple[float, float]:
    """Compute how much more accurate `proba` is than `reference` on the same rows.

    Returns:
        The difference of the accuracies, and its standard error. The comparison is paired: rows on which both are
        right or both are wrong add nothing to the standard error.
    """
    gain = _is_correct(labels, proba).astype(float) - _is_correct(labels, reference)
    return _mean_with_standard_error(gain)


def log_loss_gain(labels: Labels, proba: Proba, reference: Proba) -> tuple[float, float]:
    """Compute how much smaller the log loss of `proba` is than that of `reference` on the same rows.

    Returns:
        The difference in nats, and the standard error of the paired differences.
    """
    rows = np.arange(len(labels))
    log_proba, log_reference = (np.log(_normalize(p)[rows, labels] + _EPSILON) for p in (proba, reference))
    return _mean_with_standard_error(log_proba - log_reference)


def mcnemar_p_value(labels: Labels, proba: Proba, reference: Proba) -> float:
    """Compute the p-value of McNemar's exact test that two models are equally accurate, on the same rows.

    Under the null hypothesis, a row that only one model predicts correctly is equally likely to be either model's.
    Source: McNemar 1947, "Note on the sampling error of the difference between correlated proportions or percentages".
    """
    correct, reference_correct = _is_correct(labels, proba), _is_correct(labels, reference)
    only_proba, only_reference = int((correct & ~reference_correct).sum()), int((reference_correct & ~correct).sum())
    num_different = only_proba + only_reference
    return float(binomtest(only_proba, num_different).pvalue) if num_different else 1.0


def format_accuracy(fraction: float, num_rows: int) -> str:
    """Format an accuracy in percent with its standard error, such as '99.62 ± 0.07 %'."""
    return f"{100 * fraction:.2f} ± {100 * standard_error(fraction, num_rows):.2f} %"


def _is_correct(labels: Labels, proba: Proba) -> npt.NDArray[np.bool_]:
    correct: npt.NDArray[np.bool_] = proba.argmax(axis=1) == labels
    return correct


def _mean_with_standard_error(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / len(values) ** 0.5)


def _normalize(proba: Proba) -> npt.NDArray[np.float64]:
    """Convert to float64 and divide by the row sums, which differ from 1 by rounding in float32."""
    exact = proba.astype(np.float64)
    normalized: npt.NDArray[np.float64] = exact / exact.sum(axis=1, keepdims=True)
    return normalized


def _one_versus_rest_roc_auc(labels: Labels, proba: Proba) -> float:
    if len(np.unique(labels)) < NUM_CLASSES:
        return float("nan")
    return float(metrics.roc_auc_score(labels, proba, multi_class="ovr", average="macro"))

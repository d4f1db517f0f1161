"""Every accuracy-like figure that is reported, from `(labels, proba)`: labels int64 (n,), proba (n, 10)."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import brier_score_loss, log_loss, precision_recall_fscore_support, roc_auc_score

from src.common.competition import NUM_CLASSES

NUM_BINS = 15
"""Of confidence, for the calibration error."""
TINY = np.finfo(np.float64).eps
"""A probability that is added to another before its logarithm is taken; what scikit-learn's log_loss clips to."""


def accuracy(labels: np.ndarray, proba: np.ndarray) -> float:
    """Share of rows whose most probable class is the label: labels int64 (n,), proba (n, 10)."""
    return float((proba.argmax(axis=1) == labels).mean())


def standard_error(share: float, num_rows: int) -> float:
    """Standard error of a share of `num_rows` independent rows: sqrt(p (1 - p) / n)."""
    return float((share * (1 - share) / num_rows) ** 0.5)


def measure(labels: np.ndarray, proba: np.ndarray) -> dict[str, float]:
    """All figures of one experiment, by name.

    oof_accuracy with oof_standard_error; macro_precision, macro_recall and macro_f1, the means over the digits;
    log_loss in nats; roc_auc, the mean of the ten one-versus-rest areas (nan if a digit does not occur); rmse of the
    probabilities against 0 and 1; brier, the mean over rows of the summed squares (Brier 1950), 0..2;
    expected_calibration_error, see `expected_calibration_error`.
    """
    proba = _normalize(proba)
    share = accuracy(labels, proba)
    brier = float(brier_score_loss(labels, proba, labels=range(NUM_CLASSES), scale_by_half=False))
    by_digit = measure_digits(labels, proba)
    return {
        "oof_accuracy": share,
        "oof_standard_error": standard_error(share, len(labels)),
        "macro_precision": float(by_digit["precision"].mean()),
        "macro_recall": float(by_digit["recall"].mean()),
        "macro_f1": float(by_digit["f1"].mean()),
        "log_loss": cross_entropy(labels, proba),
        "roc_auc": _one_versus_rest(labels, proba),
        "rmse": (brier / NUM_CLASSES) ** 0.5,
        "brier": brier,
        "expected_calibration_error": expected_calibration_error(labels, proba),
    }


def measure_digits(labels: np.ndarray, proba: np.ndarray) -> pd.DataFrame:
    """Precision, recall, F1 and number of rows (columns precision, recall, f1, rows) of each digit, one a row."""
    figures = precision_recall_fscore_support(
        labels, proba.argmax(axis=1), labels=range(NUM_CLASSES), zero_division=0.0
    )
    return pd.DataFrame(dict(zip(("precision", "recall", "f1", "rows"), figures, strict=True)))


def cross_entropy(labels: np.ndarray, proba: np.ndarray) -> float:
    """Log loss, in nats: the mean of -log p(label)."""
    return float(log_loss(labels, _normalize(proba), labels=range(NUM_CLASSES)))


def expected_calibration_error(labels: np.ndarray, proba: np.ndarray) -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, on average over the rows.

    In 15 equal bins of confidence, the largest probability of a row (Guo et al. 2017, arXiv:1706.04599).
    """
    confidence, hit = proba.max(axis=1).astype(np.float64), proba.argmax(axis=1) == labels
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps = np.bincount(bins, confidence - hit, NUM_BINS)
    return float(np.abs(gaps).sum() / len(labels))


def accuracy_gain(labels: np.ndarray, proba: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """How much more accurate `proba` is than `reference` on the same rows, and the standard error of that difference.

    Paired: rows on which both are right or both wrong add nothing to the error.
    """
    better = (proba.argmax(axis=1) == labels).astype(float) - (reference.argmax(axis=1) == labels)
    return float(better.mean()), float(better.std() / len(better) ** 0.5)


def cross_entropy_gain(labels: np.ndarray, proba: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """How much smaller the log loss (nats) of `proba` is than that of `reference` on the same rows, and the standard
    error of that difference; paired as `accuracy_gain`."""
    rows = np.arange(len(labels))
    gain = np.log(_normalize(proba)[rows, labels] + TINY) - np.log(_normalize(reference)[rows, labels] + TINY)
    return float(gain.mean()), float(gain.std() / len(gain) ** 0.5)


def mcnemar(labels: np.ndarray, proba: np.ndarray, reference: np.ndarray) -> float:
    """The probability that two equally accurate models differ by so much on the same rows, or by more.

    The exact test of McNemar (1947): among the rows that only one of them has right, each is as likely to be either's.
    """
    hit, reference_hit = (p.argmax(axis=1) == labels for p in (proba, reference))
    only, only_reference = int((hit & ~reference_hit).sum()), int((reference_hit & ~hit).sum())
    return float(binomtest(only, only + only_reference).pvalue) if only + only_reference else 1.0


def format_accuracy(share: float, num_rows: int) -> str:
    """Write an accuracy in percent with its standard error: '99.62 ± 0.07 %'."""
    return f"{100 * share:.2f} ± {100 * standard_error(share, num_rows):.2f} %"


def _normalize(proba: np.ndarray) -> np.ndarray:
    """Give rows in float64 that sum to one, which those in float32 do only nearly."""
    proba = proba.astype(np.float64)
    return proba / proba.sum(axis=1, keepdims=True)


def _one_versus_rest(labels: np.ndarray, proba: np.ndarray) -> float:
    if len(np.unique(labels)) < NUM_CLASSES:
        return float("nan")
    return float(roc_auc_score(labels, proba, multi_class="ovr", average="macro"))

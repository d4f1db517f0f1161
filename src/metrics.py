"""Every accuracy-like figure that is reported, from `(labels, proba)`."""

import numpy as np
from sklearn.metrics import f1_score, log_loss

from src.competition import NUM_CLASSES


def accuracy(labels: np.ndarray, proba: np.ndarray) -> float:
    """Share of rows whose most probable class is the label: labels int64 (n,), proba (n, 10)."""
    return float((proba.argmax(axis=1) == labels).mean())


def standard_error(share: float, num_rows: int) -> float:
    """Standard error of a share of `num_rows` independent rows: sqrt(p (1 - p) / n)."""
    return float((share * (1 - share) / num_rows) ** 0.5)


def macro_f1(labels: np.ndarray, proba: np.ndarray) -> float:
    """Mean of the ten digits' F1 scores."""
    return float(f1_score(labels, proba.argmax(axis=1), average="macro"))


def cross_entropy(labels: np.ndarray, proba: np.ndarray) -> float:
    """Log loss, in nats: the mean of -log p(label)."""
    proba = proba.astype(np.float64)
    return float(log_loss(labels, proba / proba.sum(axis=1, keepdims=True), labels=range(NUM_CLASSES)))


def accuracy_gain(labels: np.ndarray, proba: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """How much more accurate `proba` is than `reference` on the same rows, and the standard error of that difference.

    Paired: rows on which both are right or both wrong add nothing to the error.
    """
    better = (proba.argmax(axis=1) == labels).astype(float) - (reference.argmax(axis=1) == labels)
    return float(better.mean()), float(better.std() / len(better) ** 0.5)


def format_accuracy(share: float, num_rows: int) -> str:
    """Write an accuracy in percent with its standard error: '99.62 ± 0.07 %'."""
    return f"{100 * share:.2f} ± {100 * standard_error(share, num_rows):.2f} %"

"""Temperature scaling: one number for all probabilities, so that confidence and accuracy agree.

Source: Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599.
"""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import softmax

from src.common.arrays import Labels, Proba

MIN_PROBA = 1e-12
"""Keeps the logarithm of a probability of 0 finite."""


def scale_nested(proba: Proba, labels: Labels, assignment: npt.NDArray[np.int64]) -> Proba:
    """Scale the rows of each fold by the temperature that is best on the rows of the other folds.

    Args:
        proba: (n, 10).
        labels: int64 (n,).
        assignment: int64 (n,), the fold of each row.

    Returns:
        float64 (n, 10).
    """
    scaled = np.empty(proba.shape)
    for fold in np.unique(assignment):
        inside = assignment == fold
        scaled[inside] = scale(proba[inside], find_temperature(proba[~inside], labels[~inside]))
    return scaled


def scale(proba: Proba, temperature: float) -> Proba:
    """Divide the logits by a temperature; one above 1 lowers the confidence.

    Args:
        proba: (n, 10).
        temperature: positive.

    Returns:
        float64 (n, 10).
    """
    scaled: Proba = softmax(compute_logits(proba) / temperature, axis=1)
    return scaled


def find_temperature(proba: Proba, labels: Labels) -> float:
    """Find the temperature, between 1/8 and 8, that minimises the log loss."""
    logits = compute_logits(proba)
    logits -= logits.max(axis=1, keepdims=True)
    true_logits = logits[np.arange(len(labels)), labels]

    def compute_log_loss(exponent: float) -> float:
        inverse = 2.0**-exponent
        return float((np.log(np.exp(inverse * logits).sum(axis=1)) - inverse * true_logits).mean())

    found = minimize_scalar(compute_log_loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-3})
    return float(2.0**found.x)


def compute_logits(proba: Proba) -> npt.NDArray[np.float64]:
    """Compute logarithms of probabilities, float64 of the same shape; the logarithm of 0 is that of `MIN_PROBA`."""
    return np.log(np.maximum(proba.astype(np.float64), MIN_PROBA))

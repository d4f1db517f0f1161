"""The mixture of several experiments: the weighted sum of their logits, and the weights with the smallest log loss."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from src.common.arrays import Labels, Proba

Weights = npt.NDArray[np.float64]
"""(m,): one weight per experiment, not negative."""
_MIN_PROBA = 1e-12
"""Keeps the logarithm of a probability of 0 finite."""


def mix(weights: Weights, proba: Proba) -> Proba:
    """Compute the probabilities that belong to the weighted sum of the members' logits.

    Args:
        weights: (m,).
        proba: (m, n, 10); their logarithms are the logits.

    Returns:
        float64 (n, 10).
    """
    mixed: Proba = softmax(np.tensordot(weights, _compute_logits(proba), axes=1), axis=1)
    return mixed


def mix_nested(proba: Proba, labels: Labels, assignment: npt.NDArray[np.int64]) -> Proba:
    """Mix the rows of each fold by the weights that are best on the rows of the other folds.

    Args:
        proba: (m, n, 10).
        labels: int64 (n,).
        assignment: int64 (n,), the fold of each row.

    Returns:
        float64 (n, 10).
    """
    mixed = np.empty(proba.shape[1:])
    for fold in np.unique(assignment):
        inside = assignment == fold
        mixed[inside] = mix(choose_weights(proba[:, ~inside], labels[~inside]), proba[:, inside])
    return mixed


def choose_weights(proba: Proba, labels: Labels) -> Weights:
    """Find the weights that minimise the log loss of the blend, which is convex in them.

    Their sum is the inverse of the blend's temperature.

    Args:
        proba: (m, n, 10).
        labels: int64 (n,).

    Returns:
        (m,).
    """
    logits, rows = _compute_logits(proba), np.arange(len(labels))

    def compute_loss(weights: Weights) -> tuple[float, npt.NDArray[np.float64]]:
        mixed = log_softmax(np.tensordot(weights, logits, axes=1), axis=1)
        gradient = (np.exp(mixed) * logits).sum(axis=(1, 2)) - logits[:, rows, labels].sum(axis=1)
        return -mixed[rows, labels].mean(), gradient / len(labels)

    equal = np.full(len(proba), 1 / len(proba))
    weights: Weights = minimize(compute_loss, equal, jac=True, bounds=[(0, None)] * len(proba)).x
    return weights


def _compute_logits(proba: Proba) -> npt.NDArray[np.float64]:
    return np.log(np.maximum(proba.astype(np.float64), _MIN_PROBA))

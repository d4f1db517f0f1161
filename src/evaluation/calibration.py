"""Temperature scaling: one number for all probabilities, so that confidence and accuracy agree.

The logits are divided by the temperature, so it is the inverse of the weight in a mixture of one experiment.

Source: Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599.
"""

import numpy as np
import numpy.typing as npt

from src.common.arrays import Labels, Proba
from src.evaluation.mixture import choose_weights, mix_nested

MAX_TEMPERATURE = 8.0


def scale_nested(proba: Proba, labels: Labels, assignment: npt.NDArray[np.int64]) -> Proba:
    """Scale the rows of each fold by the temperature that is best on the rows of the other folds.

    Args:
        proba: (n, 10).
        labels: int64 (n,).
        assignment: int64 (n,), the fold of each row.

    Returns:
        float64 (n, 10).
    """
    return mix_nested(proba[np.newaxis], labels, assignment)


def find_temperature(proba: Proba, labels: Labels) -> float:
    """Find the temperature, at most `MAX_TEMPERATURE`, that minimises the log loss; above 1, it lowers confidence."""
    (weight,) = choose_weights(proba[np.newaxis], labels)
    return float(1 / max(weight, 1 / MAX_TEMPERATURE))

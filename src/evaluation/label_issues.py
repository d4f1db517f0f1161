"""Rows whose label is probably wrong, by confident learning."""

import numpy as np

from src.common.competition import NUM_CLASSES


def rank_label_issues(labels: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """Order all rows by how likely their label is wrong: row numbers, int64 (n,), the most suspect first.

    First come the rows that a model, which has not learnt from them, confidently counts to another digit: its
    probability there reaches the mean that rows labelled as that digit have. Within those, and among the others, the
    margin between the label's probability and the largest other one decides.

    Args:
        labels: int64 (n,).
        proba: out-of-fold probabilities, (n, 10).

    Source: Northcutt, Jiang and Chuang 2021, "Confident Learning", arXiv:1911.00068; normalised margin.
    """
    rows = np.arange(len(labels))
    thresholds = np.array(
        [proba[labels == digit, digit].mean() if (labels == digit).any() else np.inf for digit in range(NUM_CLASSES)]
    )
    confident = np.where(proba >= thresholds, proba, -1.0)
    counted = confident.argmax(axis=1)
    elsewhere = (confident.max(axis=1) > 0) & (counted != labels)
    others = proba.copy()
    others[rows, labels] = -1.0
    margin = proba[rows, labels] - others.max(axis=1)
    return np.lexsort((margin, ~elsewhere))

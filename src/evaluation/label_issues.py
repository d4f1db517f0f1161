"""Label issues: training rows whose label is probably wrong, found by confident learning."""

import numpy as np

from src.common.arrays import Labels, Proba, RowNumbers
from src.common.competition import NUM_CLASSES


def rank_label_issues(labels: Labels, proba: Proba) -> RowNumbers:
    """Order all rows by how likely their label is wrong.

    A row is a label issue if the model assigns it confidently to another digit: the probability of that digit is at
    least the mean probability that the digit gets in rows labelled as it. Label issues come before all other rows.
    Within both groups, the rows are sorted by their margin: the probability of the label minus the largest other
    probability.

    Args:
        labels: int64 (n,).
        proba: out-of-fold probabilities, (n, 10).

    Returns:
        Row numbers, int64 (n,), the most likely label issue first.

    Source: Northcutt, Jiang and Chuang 2021, "Confident Learning", arXiv:1911.00068, ranked by normalised margin.
    """
    rows = np.arange(len(labels))
    thresholds = np.array(
        [proba[labels == digit, digit].mean() if (labels == digit).any() else np.inf for digit in range(NUM_CLASSES)]
    )
    confident = np.where(proba >= thresholds, proba, -1.0)
    is_issue = (confident.max(axis=1) > 0) & (confident.argmax(axis=1) != labels)
    others = proba.copy()
    others[rows, labels] = -1.0
    margin = proba[rows, labels] - others.max(axis=1)
    return np.lexsort((margin, ~is_issue))

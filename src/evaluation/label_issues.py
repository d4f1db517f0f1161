"""Label issues: training rows whose label is probably wrong, found by confident learning."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from src.common.arrays import Labels, Proba, RowNumbers
from src.common.competition import NUM_CLASSES
from src.evaluation.annotations import CORRECT


def rank_label_issues(labels: Labels, proba: Proba) -> RowNumbers:
    """Order all rows by how likely their label is wrong.

    Label issues come before all other rows. Within both groups, the rows are sorted by their margin: the probability of
    the label minus the largest other probability.

    Args:
        labels: int64 (n,).
        proba: out-of-fold probabilities, (n, 10).

    Returns:
        Row numbers, int64 (n,), the most likely label issue first.

    Source: Northcutt, Jiang and Chuang 2021, "Confident Learning", arXiv:1911.00068, ranked by normalised margin.
    """
    rows = np.arange(len(labels))
    others = proba.copy()
    others[rows, labels] = -1.0
    margin = proba[rows, labels] - others.max(axis=1)
    return np.lexsort((margin, ~find_label_issues(labels, proba)))


def find_label_issues(labels: Labels, proba: Proba) -> npt.NDArray[np.bool_]:
    """Find the rows that the model assigns confidently to another digit than their label.

    The probability of that digit is at least the mean probability that the digit gets in rows labelled as it.

    Args:
        labels: int64 (n,).
        proba: out-of-fold probabilities, (n, 10).

    Returns:
        bool (n,).
    """
    thresholds = np.array(
        [proba[labels == digit, digit].mean() if (labels == digit).any() else np.inf for digit in range(NUM_CLASSES)]
    )
    confident = np.where(proba >= thresholds, proba, -1.0)
    is_issue: npt.NDArray[np.bool_] = (confident.max(axis=1) > 0) & (confident.argmax(axis=1) != labels)
    return is_issue


def make_cleanlab_table(labels: Labels, proba: Proba, annotated: pd.DataFrame) -> pd.DataFrame:
    """List all rows with the columns of cleanlab's `CleanLearning.get_label_issues`, followed by the annotations.

    Args:
        labels: int64 (n,).
        proba: out-of-fold probabilities, (n, 10).
        annotated: rows with annotations; see `annotations.find_annotated_rows`.

    Returns:
        By row number: is_label_issue (of annotated rows what the annotation says, of others what confident learning
        finds), label_quality (the probability of the label), given_label, predicted_label, reading, verdict, note.
    """
    is_issue = find_label_issues(labels, proba)
    is_issue[annotated.index] = annotated["verdict"] != CORRECT
    columns = {
        "is_label_issue": is_issue,
        "label_quality": proba[np.arange(len(labels)), labels],
        "given_label": labels,
        "predicted_label": proba.argmax(axis=1),
    }
    return pd.DataFrame(columns).rename_axis("row").join(annotated)

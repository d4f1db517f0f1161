"""Annotations of possible label issues: picked by a person in the error report, downloaded, and read back here."""

from pathlib import Path

import numpy as np
import pandas as pd

from src.common.arrays import Labels
from src.common.errors import InputError

MISLABELLED = "mislabelled"
ANNOTATIONS = (MISLABELLED, "ambiguous", "model error")
COLUMNS = ("row", "label", "annotation")


def load_annotations(path: Path, labels: Labels) -> pd.DataFrame:
    """Read annotations that were downloaded from the error report.

    Args:
        path: a CSV file with the columns row, label, annotation.
        labels: int64 (n,), the labels of train.csv.

    Returns:
        Columns row (int64), label (int64) and annotation (one of `ANNOTATIONS`); each row once.

    Raises:
        InputError: the file is missing, damaged or of other data.
    """
    remedy = "open oof/error_report.html and download the annotations again"
    try:
        types = dict(zip(COLUMNS, (np.int64, np.int64, str), strict=True))
        table = pd.read_csv(path, usecols=list(COLUMNS), dtype=types)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} holds no annotations ({error}); {remedy}") from None
    is_known = table["row"].between(0, len(labels) - 1) & table["annotation"].isin(ANNOTATIONS)
    if not is_known.all() or table["row"].duplicated().any():
        raise InputError(f"{path} has an unknown row or annotation, or a row twice; {remedy}")
    if (labels[table["row"]] != table["label"]).any():
        raise InputError(f"{path} is of other data: its labels are not those of train.csv; {remedy}")
    return table

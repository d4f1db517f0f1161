"""Images of a workspace that the page offers: test images and out-of-fold errors."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from src.common.arrays import Images
from src.common.competition import IMAGE_SHAPE
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train

MAX_SHOWN = 60
"""Images in one gallery."""


class CaptionedImages(NamedTuple):
    """Images with one caption each."""

    images: Images
    captions: list[str]


def load_test_samples(workspace: Workspace) -> Images:
    """Load the test images of a workspace; none if it has no test.csv."""
    return load_test(workspace) if workspace.test_csv.exists() else np.empty((0, *IMAGE_SHAPE), np.uint8)


def load_errors(workspace: Workspace) -> CaptionedImages:
    """Load the out-of-fold errors that `scripts.analyze_errors` listed; none if it has not run.

    Returns:
        At most MAX_SHOWN images, those with the highest confidence first.

    Raises:
        InputError: the list is damaged, or was made from other data.
    """
    if not workspace.errors_csv.exists() or not workspace.train_csv.exists():
        return CaptionedImages(np.empty((0, *IMAGE_SHAPE), np.uint8), [])
    images, _ = load_train(workspace)
    try:
        errors = pd.read_csv(workspace.errors_csv, nrows=MAX_SHOWN, dtype={"row": np.int64})
        rows, labels, predicted = (errors[name].to_numpy() for name in ("row", "label", "predicted"))
        if rows.min(initial=0) < 0:
            raise IndexError
        shown = images[rows]
    except (ValueError, LookupError):
        raise InputError(
            f"{workspace.errors_csv} is damaged or of other data; write it again: python -m scripts.analyze_errors"
        ) from None
    captions = [
        f"row {row}: label {label}, predicted {digit}"
        for row, label, digit in zip(rows, labels, predicted, strict=True)
    ]
    return CaptionedImages(shown, captions)

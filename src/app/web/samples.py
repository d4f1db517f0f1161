"""The images that the page offers: test images, errors, and flagged readings of a workspace."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train

MAX_SHOWN = 60  # images in a gallery


@dataclass(frozen=True)
class Samples:
    """Images with captions."""

    images: np.ndarray  # uint8 (n, 28, 28, 1)
    captions: list[str]


def load_test_samples(workspace: Workspace) -> np.ndarray:
    """The test images of a workspace, uint8 (n, 28, 28, 1); none if there is no test.csv."""
    return load_test(workspace) if workspace.test_csv.exists() else np.empty((0, 28, 28, 1), np.uint8)


def load_errors(workspace: Workspace) -> Samples:
    """The OOF errors that `scripts.analyze_errors` last listed, the surest first; none if it was not run.

    Raises:
        InputError: the list is damaged, or of other data.
    """
    if not workspace.errors_csv.exists() or not workspace.train_csv.exists():
        return Samples(np.empty((0, 28, 28, 1), np.uint8), [])
    images, _ = load_train(workspace)
    try:
        errors = pd.read_csv(workspace.errors_csv).head(MAX_SHOWN)
        rows = [range(len(images)).index(row) for row in errors["row"]]  # refuses what is negative, or no whole number
        shown = images[rows]
        captions = [f"row {row.row}: {row.label}, read as {row.predicted}" for row in errors.itertuples()]
    except (ValueError, LookupError, AttributeError):
        raise InputError(
            f"{workspace.errors_csv} is damaged or of other data; write it anew: python -m scripts.analyze_errors"
        ) from None
    return Samples(shown, captions)

"""Types of the arrays that mean the same everywhere, and a name for their contents."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
"""(n, 28, 28, 1): 0 is background, 255 is full ink."""
Labels = npt.NDArray[np.int64]
"""(n,): digits 0 to 9."""
RowNumbers = npt.NDArray[np.int64]
"""(n,): row numbers of train.csv or test.csv, from 0."""
Proba = npt.NDArray[np.floating[Any]]
"""(n, 10): class probabilities, float32 from models, float64 from blends; each row sums to 1."""


class LabelledImages(NamedTuple):
    """Images with their labels."""

    images: Images
    labels: Labels


class SoftLabelledImages(NamedTuple):
    """Images with class probabilities instead of labels."""

    images: Images
    proba: Proba


def fingerprint(*arrays: npt.NDArray[Any]) -> str:
    """Compute 16 hex digits of SHA-256 over the contents of arrays; the format of their file does not matter."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]

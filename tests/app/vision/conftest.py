"""Digits and the recogniser, for all tests of this directory."""

import cv2
import numpy as np
import pytest

from src.app.vision.recogniser import get_recogniser
from tests.app.pictures import draw, find_digit


@pytest.fixture(scope="session")
def digit():
    """Find the digit of a plain drawing."""
    return find_digit(draw())


@pytest.fixture(scope="session")
def recogniser():
    """Open the tracked networks."""
    return get_recogniser()


@pytest.fixture(scope="session")
def digits(sample_rows, recogniser):
    """Choose an image of each digit, in one component, that is recognised with a high confidence."""
    images, labels = (rows[:500] for rows in sample_rows)
    is_sure = recogniser.predict_proba(images)[np.arange(500), labels] > 0.999
    is_whole = np.array([cv2.connectedComponents((image[..., 0] > 60).astype(np.uint8))[0] == 2 for image in images])
    return [images[is_sure & is_whole & (labels == digit)][0] for digit in range(10)]

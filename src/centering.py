"""Fit a digit into 28x28 pixels as MNIST did."""

import cv2
import numpy as np

from src.competition import IMAGE_SHAPE

SIDE = IMAGE_SHAPE[0]
BOX = 20  # pixels: each digit fits into a box of this size, keeping its aspect ratio
INKED = 0.3  # of full ink: fainter pixels do not count for the box


def resize(ink: np.ndarray, factor: float) -> np.ndarray:
    """Make an image, float32 (h, w) from 0 to 1, larger or smaller, smoothly."""
    size = max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor))
    return cv2.resize(ink, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC).clip(0, 1)


def center(ink: np.ndarray) -> np.ndarray | None:
    """Fit a digit into 20x20 pixels and put its centre of mass in the middle of 28x28.

    Source: LeCun, Cortes and Burges on how MNIST was made.

    Args:
        ink: float32 (h, w), from 0, paper, to 1.

    Returns:
        uint8 (28, 28, 1), or None where there is no ink.
    """
    rows, columns = (np.flatnonzero((ink > INKED).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    size = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    margin = size // (2 * BOX)  # for the faint edge of strokes
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    around = ink[top : rows[-1] + 1 + margin, left : columns[-1] + 1 + margin]
    small = resize(around, BOX / size)
    image = np.zeros((SIDE, SIDE), np.float32)
    places = []
    for axis in (0, 1):
        length = small.shape[axis]
        middle = small.sum(axis=1 - axis) @ (np.arange(length) + 0.5) / small.sum()
        start = min(max(round(SIDE / 2 - middle), 0), SIDE - length)
        places.append(slice(start, start + length))
    image[tuple(places)] = small
    return (255 * image + 0.5).astype(np.uint8)[..., None]

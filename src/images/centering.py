"""Centring: fit a digit into 28x28 pixels as MNIST did."""

import cv2
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images
from src.common.competition import IMAGE_SIDE

InkImage = npt.NDArray[np.float32]
"""(h, w): from 0, background, to 1, full ink."""

DIGIT_BOX = 20
"""Pixels: each digit is scaled into a box of this size, with its aspect ratio kept."""
INK_THRESHOLD = 0.3
"""Fraction of full ink: fainter pixels do not count for the box."""


def find_extent(is_ink: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Find the rows and the columns of a mask, (h, w), that contain ink; both are sorted."""
    return np.flatnonzero(is_ink.any(axis=1)), np.flatnonzero(is_ink.any(axis=0))


def resize(ink: InkImage, factor: float) -> InkImage:
    """Enlarge or shrink ink, float32 (h, w) from 0 to 1, by a factor."""
    size = max(1, round(ink.shape[1] * factor)), max(1, round(ink.shape[0] * factor))
    resized = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    return np.asarray(resized).clip(0, 1)


def center(ink: InkImage) -> Images | None:
    """Scale a digit into 20x20 pixels and move its centre of mass to the middle of 28x28.

    Source: the description of MNIST by LeCun, Cortes and Burges.

    Args:
        ink: float32 (h, w), from 0, background, to 1, full ink.

    Returns:
        uint8 (28, 28, 1), or None if there is no ink.
    """
    rows, columns = find_extent(ink > INK_THRESHOLD)
    if not len(rows):
        return None
    size = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    margin = size // (2 * DIGIT_BOX)  # for the faint edge of strokes
    top, left = max(rows[0] - margin, 0), max(columns[0] - margin, 0)
    small = resize(ink[top : rows[-1] + 1 + margin, left : columns[-1] + 1 + margin], DIGIT_BOX / size)
    image = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    slices = []
    for axis in (0, 1):
        length = small.shape[axis]
        center_of_mass = small.sum(axis=1 - axis) @ (np.arange(length) + 0.5) / small.sum()
        start = min(max(round(IMAGE_SIDE / 2 - center_of_mass), 0), IMAGE_SIDE - length)
        slices.append(slice(start, start + length))
    image[tuple(slices)] = small
    return (255 * image + 0.5).astype(np.uint8)[..., None]

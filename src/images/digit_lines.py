"""Lines of digits that touch: how ink becomes the input of the line network, and what its output means.

The input of the network is an image 28 pixels high and of any width. For every `COLUMN_STEP` columns the network
predicts whether they are the centre of a digit, and of which one.
"""

from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from src.common.competition import IMAGE_SIDE, NUM_CLASSES
from src.images.centering import DIGIT_BOX, INK_THRESHOLD, InkImage, find_extent, resize

COLUMN_STEP = 2
"""Pixels: the number of columns that share one output of the network."""
NO_CENTER = NUM_CLASSES
"""The class of columns that are not the centre of a digit."""
MARGIN = 4
"""Pixels of background on each side of the ink."""
_WIDTH_UNIT = 4  # pixels: widths of line images are multiples of it


@dataclass(frozen=True)
class LineImage:
    """The input of the line network: ink scaled so that its digits are 20 pixels high."""

    image: npt.NDArray[np.uint8]  # (28, w, 1)
    scale: float  # factor by which the ink was enlarged
    start: float  # the column of the ink at which the left margin ends; may lie outside

    def to_line(self, x: float) -> float:
        """Convert a column of the ink to a column of the line image."""
        return (x - self.start) * self.scale + MARGIN

    def to_ink(self, x: float) -> float:
        """Convert a column of the line image to a column of the ink."""
        return (x - MARGIN) / self.scale + self.start


def make_line_image(ink: InkImage, digit_height: float) -> LineImage | None:
    """Scale ink to the size of MNIST's digits; return None if there is no ink.

    Args:
        ink: of the digits, float32 (h, w).
        digit_height: rows of the ink that a digit of this line is high, so that a lower one stays lower.
    """
    rows, columns = find_extent(ink > INK_THRESHOLD)
    if not len(rows):
        return None
    scale = DIGIT_BOX / max(rows[-1] + 1 - rows[0], digit_height)
    small = resize(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], scale)
    num_rows, width = small.shape
    top = (IMAGE_SIDE - num_rows) // 2
    image = np.zeros((IMAGE_SIDE, -(-(width + 2 * MARGIN) // _WIDTH_UNIT) * _WIDTH_UNIT), np.float32)
    image[top : top + num_rows, MARGIN : MARGIN + width] = small
    return LineImage((255 * image + 0.5).astype(np.uint8)[..., None], scale, int(columns[0]))


@dataclass(frozen=True)
class DigitCenter:
    """A digit that the network has found in a line."""

    x: float  # column of the line image
    proba: npt.NDArray[np.float32]  # (10,)


def find_digit_centers(proba: npt.NDArray[np.float32]) -> list[DigitCenter]:
    """Find the digits in the output of the network for one line, float32 (w / COLUMN_STEP, 11), from left to right."""
    is_center = proba[:, NO_CENTER] < 0.5
    centers = []
    for found, run in groupby(range(len(proba)), key=is_center.__getitem__):
        if found:
            columns = list(run)
            classes = proba[columns, :NO_CENTER].sum(axis=0)
            centers.append(DigitCenter(COLUMN_STEP * (float(np.mean(columns)) + 0.5), classes / classes.sum()))
    return centers


def encode_digit_centers(width: int, centers: list[tuple[float, float]], labels: list[int]) -> npt.NDArray[np.float32]:
    """Compute the target of the network for one line: float32 (width / COLUMN_STEP, 11), one-hot.

    Args:
        width: pixels of the line image.
        centers: centre and width of each digit, in pixels of the line image. The middle third of a digit is marked as
            its centre, one column at least.
        labels: the digits.
    """
    target = np.zeros((width // COLUMN_STEP, NUM_CLASSES + 1), np.float32)
    target[:, NO_CENTER] = 1
    x = COLUMN_STEP * (np.arange(len(target)) + 0.5)
    for (center, digit_width), label in zip(centers, labels, strict=True):
        half = max(COLUMN_STEP / 2, digit_width / 6)
        inside = (x - center >= -half) & (x - center < half)
        target[inside] = np.eye(NUM_CLASSES + 1, dtype=np.float32)[label]
    return target

"""Strips: ink of one digit, or of several that touch, as the network sees it that tells how many and where."""

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from src.centering import BOX, INKED, SIDE, resize
from src.competition import NUM_CLASSES

STEP = 2  # pixels: the network says for so many columns at a time whether they are the middle of a digit, and of which
NONE = NUM_CLASSES  # the class of columns that are not
MARGIN = 4  # pixels of paper on each side
UNIT = 4  # widths are multiples of this


@dataclass(frozen=True)
class Strip:
    """Ink whose line of digits is 20 pixels high."""

    image: np.ndarray  # uint8 (28, w, 1)
    scale: float  # by which the ink became larger
    start: float  # the column of the ink at which the strip's paper ends; may lie outside

    def to_strip(self, x: float) -> float:
        """Where a column of the ink is in the strip."""
        return (x - self.start) * self.scale + MARGIN

    def to_ink(self, x: float) -> float:
        """Where a column of the strip is in the ink."""
        return (x - MARGIN) / self.scale + self.start


def fit_strip(ink: np.ndarray, height: float) -> Strip | None:
    """Make ink, float32 (h, w) from 0 to 1, as large as MNIST's digits; None where there is none.

    Args:
        height: of the digits around it, in rows of the ink, so that what is lower than these stays lower.
    """
    rows, columns = (np.flatnonzero((ink > INKED).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    scale = BOX / max(rows[-1] + 1 - rows[0], height)
    small = resize(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], scale)
    num_rows, width = small.shape
    top = (SIDE - num_rows) // 2
    image = np.zeros((SIDE, -(-(width + 2 * MARGIN) // UNIT) * UNIT), np.float32)
    image[top : top + num_rows, MARGIN : MARGIN + width] = small
    return Strip((255 * image + 0.5).astype(np.uint8)[..., None], scale, int(columns[0]))


@dataclass(frozen=True)
class Middle:
    """A digit that the network sees in a strip."""

    x: float  # pixels of the strip
    proba: np.ndarray  # float32 (10,)


def find_middles(proba: np.ndarray) -> list[Middle]:
    """Find the digits, from the left, in what the network says of a strip: float32 (w / STEP, 11)."""
    is_digit = proba[:, NONE] < 0.5
    middles = []
    for found, run in groupby(range(len(proba)), key=is_digit.__getitem__):
        if found:
            columns = list(run)
            classes = proba[columns, :NONE].sum(axis=0)
            middles.append(Middle(STEP * (float(np.mean(columns)) + 0.5), classes / classes.sum()))
    return middles


def mark_middles(width: int, middles: list[tuple[float, float]], labels: list[int]) -> np.ndarray:
    """What the network should say: float32 (width / STEP, 11), 1 at the class of each column.

    Args:
        middles: x and width of each digit, in pixels of the strip; the middle third of it is marked, a column at least.
    """
    target = np.zeros((width // STEP, NUM_CLASSES + 1), np.float32)
    target[:, NONE] = 1
    x = STEP * (np.arange(len(target)) + 0.5)
    for (middle, digit_width), label in zip(middles, labels, strict=True):
        half = max(STEP / 2, digit_width / 6)
        inside = (x - middle >= -half) & (x - middle < half)
        target[inside] = np.eye(NUM_CLASSES + 1, dtype=np.float32)[label]
    return target

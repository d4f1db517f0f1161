"""Digits of one hand: training images of similar slant and stroke width, or digits drawn with one pen.

In one number, the same digit looks nearly the same each time: it is the same training image, or the same glyph, with
small distortions.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from src.common.arrays import Images, Labels
from src.data.image_statistics import measure_slant, measure_stroke_width
from src.images.augmentation import Augmentation, augment
from src.images.centering import DIGIT_BOX, InkImage
from src.images.drawn_digits import draw_glyph, draw_pen, draw_stance, write_glyph

_NUM_CANDIDATES = 24  # images of a digit, of which the one most like the hand is taken
_VARIATION = 0.2  # how far the glyphs of one hand differ, see `Glyph.vary`
_ASPECT_VARIATION = 0.12  # both ways: of each drawn digit's width
_SLANT_VARIATION = 0.04  # columns per row: standard deviation within a number
_PEN_WIDTHS = (1.2, 3.8)  # pixels of an image with digits of 20 pixels; the app makes thicker strokes thinner


class TrainingHands:
    """Chooses training images that look like written by one hand."""

    def __init__(self, images: Images, labels: Labels):
        """Rank the images, uint8 (n, 28, 28, 1), of each digit by stroke width and slant; labels are int64 (n,)."""
        self.images, self.labels = images, labels
        self.rows = {int(label): np.flatnonzero(labels == label) for label in np.unique(labels)}
        self.ranks = np.zeros((len(labels), 2))  # from 0 to 1 within the digit, as a 7 leans more than a 2
        for rows in self.rows.values():
            for axis, statistic in enumerate((measure_stroke_width(images[rows]), measure_slant(images[rows]))):
                self.ranks[rows, axis] = statistic.argsort().argsort() / len(rows)

    def choose(self, labels: list[int], rng: np.random.Generator) -> npt.NDArray[np.int64]:
        """Choose a row for each digit of a number, of one random hand; the same row for the same digit."""
        hand = rng.random(2)
        chosen = {label: self._choose_row(label, hand, rng) for label in dict.fromkeys(labels)}
        return np.array([chosen[label] for label in labels], np.int64)

    def _choose_row(self, label: int, hand: npt.NDArray[np.float64], rng: np.random.Generator) -> int:
        rows = self.rows[label]
        candidates = rows[rng.integers(len(rows), size=_NUM_CANDIDATES)]
        return int(candidates[np.abs(self.ranks[candidates] - hand).sum(axis=1).argmin()])


def distort(augmentation: Augmentation, digits: Images, seed: tuple[int, ...]) -> list[InkImage]:
    """Distort training images, uint8 (n, 28, 28, 1), each in its own way: n images, float32 (28, 28) from 0 to 1."""
    return list(augment(augmentation, digits, seed)[..., 0] / np.float32(255))


def draw_digits_of_one_hand(labels: list[int], height: float, rng: np.random.Generator) -> list[InkImage]:
    """Draw the digits of a number with one pen.

    Args:
        labels: the digits.
        height: pixels that they will be high in the picture; the pen leaves strokes of one pixel there at least.
        rng: of everything.

    Returns:
        Images, float32 (128, 128), in which `DRAWN_HEIGHT` pixels are the digits' height.
    """
    glyphs = {label: draw_glyph(label, rng) for label in dict.fromkeys(labels)}
    stance = draw_stance(rng)
    pen = replace(draw_pen(rng), width=max(rng.uniform(*_PEN_WIDTHS), DIGIT_BOX / height))
    digits = []
    for label in labels:
        own = replace(
            stance,
            aspect=stance.aspect * rng.uniform(1 - _ASPECT_VARIATION, 1 + _ASPECT_VARIATION),
            slant=stance.slant + rng.normal(0, _SLANT_VARIATION),
        )
        digits.append(write_glyph(glyphs[label].vary(_VARIATION, rng), own, pen, rng))
    return digits

"""What the network that reads strips learns from: distorted digits pushed together until they touch."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.augmentation import augment
from src.centering import SIDE
from src.lessons import LESSONS
from src.strips import Strip, find_middles, fit_strip, mark_middles

WIDTH = 72  # pixels of a strip
CHUNK = 2048  # strips that are made at once: bounds the memory
INK = 60  # grey level
FOOT, HEIGHT, BORDER = 40, 56, 12  # pixels of the paper that is written on: the row that digits stand on, rows, border


@dataclass(frozen=True)
class StripLessons:
    """How strips are made, beside the distortion of LESSONS."""

    shares: tuple[float, ...]  # of strips of one digit, two, three
    zoom: float  # of each digit, both ways
    rise: int  # pixels that a digit stands higher or lower, at most
    gaps: tuple[int, int]  # pixels, the least and the most, between neighbours in the row in which they are closest
    shear: float  # of a whole strip, both ways
    rotation: float  # degrees, the same
    blurred: float  # share of the strips
    blur: tuple[float, float]  # pixels: standard deviation, the least and the most
    heights: tuple[float, float]  # pixels, the least and the most: of the digits that a strip is written among
    ruled: float  # share of the strips from which a rule that was erased took ink
    left: float  # of the ink on such a rule, at most


STRIP_LESSONS = StripLessons(
    shares=(0.25, 0.5, 0.25), zoom=0.18, rise=3, gaps=(-3, 3), shear=0.3, rotation=10.0, blurred=0.5, blur=(0.3, 1.2),
    heights=(17.0, 23.0), ruled=0.25, left=0.6,
)  # fmt: skip
Placed = tuple[np.ndarray, int, int]
"""A digit, uint8 (h, w), and the row and column of its corner."""


def make_strips(images: np.ndarray, labels: np.ndarray, num_strips: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Write digits of these images, uint8 (n, 28, 28, 1), with their labels, int64 (n,), beside one another.

    Returns:
        strips, uint8 (num_strips, 28, 72, 1), and what the network should say of them, float32 (num_strips, 36, 11).
    """
    strips, targets = np.zeros((num_strips, SIDE, WIDTH, 1), np.uint8), []
    for start in range(0, num_strips, CHUNK):
        rng = np.random.default_rng([seed, start])
        size = min(CHUNK, num_strips - start)
        rows = rng.integers(len(labels), size=(size, len(STRIP_LESSONS.shares)))
        distorted = augment(LESSONS.distortion, images[rows.ravel()], (seed, start))
        distorted = distorted.reshape(*rows.shape, *distorted.shape[1:])
        numbers = 1 + rng.choice(len(STRIP_LESSONS.shares), size=size, p=STRIP_LESSONS.shares)
        for i, number in enumerate(numbers):
            strip, target = _make_strip(distorted[i, :number], labels[rows[i, :number]].tolist(), rng)
            strips[start + i, :, : strip.shape[1]] = strip
            targets.append(target)
    return strips, np.stack(targets)


def _make_strip(digits: np.ndarray, labels: list[int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """With fewer digits, or none, where so many are too wide, or too close to be told apart, or have no ink."""
    while labels:
        strip, middles = _write([_crop(digit, rng) for digit in digits], rng)
        if strip is not None and strip.image.shape[1] <= WIDTH:
            target = mark_middles(WIDTH, middles, labels)
            if [int(middle.proba.argmax()) for middle in find_middles(target)] == labels:
                return strip.image, target
        digits, labels = digits[:-1], labels[:-1]
    return np.zeros((SIDE, 0, 1), np.uint8), mark_middles(WIDTH, [], [])


def _crop(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ink of a digit, a little larger or smaller: uint8 (h, w)."""
    zoom = rng.uniform(1 - STRIP_LESSONS.zoom, 1 + STRIP_LESSONS.zoom)
    larger = cv2.resize(digit, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    rows, columns = (np.flatnonzero((larger >= min(INK, larger.max())).any(axis=axis)) for axis in (1, 0))
    return larger[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _write(digits: list[np.ndarray], rng: np.random.Generator) -> tuple[Strip | None, list[tuple[float, float]]]:
    """Place digits, slant and blur them all; also the middle and the width of each, in pixels of the strip."""
    placed: list[Placed] = []
    for digit in digits:
        top = FOOT - len(digit) + int(rng.integers(-STRIP_LESSONS.rise, STRIP_LESSONS.rise + 1))
        gap = int(rng.integers(STRIP_LESSONS.gaps[0], STRIP_LESSONS.gaps[1] + 1))
        placed.append((digit, top, _find_left(placed[-1], digit, top, gap) if placed else BORDER))
    ink = np.zeros((HEIGHT, max(left + digit.shape[1] for digit, _, left in placed) + BORDER), np.float32)
    for digit, top, left in placed:
        place = ink[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(place, digit / np.float32(255), out=place)
    if rng.random() < STRIP_LESSONS.ruled:
        row = FOOT - int(rng.integers(SIDE))
        ink[row : row + int(rng.integers(1, 3))] *= rng.uniform(0, STRIP_LESSONS.left)
    matrix = _draw_matrix(ink.shape, rng)
    ink = cv2.warpAffine(ink, matrix, ink.shape[::-1])
    if rng.random() < STRIP_LESSONS.blurred:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(*STRIP_LESSONS.blur))
    strip = fit_strip(ink, rng.uniform(*STRIP_LESSONS.heights))
    if strip is None:
        return None, []
    middles = [matrix @ (left + digit.shape[1] / 2, top + digit.shape[0] / 2, 1) for digit, top, left in placed]
    return strip, [
        (strip.to_strip(x), strip.scale * digit.shape[1]) for (x, _), (digit, _, _) in zip(middles, placed, strict=True)
    ]


def _find_left(previous: Placed, digit: np.ndarray, top: int, gap: int) -> int:
    """The column at which a digit is so far from the previous one, but not upon it."""
    other, other_top, other_left = previous
    start, end = max(top, other_top), min(top + len(digit), other_top + len(other))
    right = other_left + other.shape[1]
    if start >= end:
        return right
    ends = _measure_paper(other[start - other_top : end - other_top, ::-1])
    starts = _measure_paper(digit[start - top : end - top])
    least = right - min(digit.shape[1], other.shape[1]) // 2
    return max(least, right - int((ends + starts).min()) + gap)


def _measure_paper(digit: np.ndarray) -> np.ndarray:
    """Pixels to the left of the ink of each row; the whole width where there is none."""
    inked = digit >= INK
    return np.where(inked.any(axis=1), inked.argmax(axis=1), digit.shape[1])


def _draw_matrix(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A random shear and rotation about the middle of an image: float64 (2, 3)."""
    height, width = shape
    rotation = rng.uniform(-STRIP_LESSONS.rotation, STRIP_LESSONS.rotation)
    shear = rng.uniform(-STRIP_LESSONS.shear, STRIP_LESSONS.shear)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rotation, 1.0)
    return turn @ np.array([[1, shear, -shear * height / 2], [0, 1, 0], [0, 0, 1]])

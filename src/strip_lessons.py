"""What the network that reads strips learns from: distorted digits pushed together until they touch."""

import cv2
import numpy as np

from src.augmentation import augment
from src.lessons import LESSONS
from src.strips import STEP, Strip, fit_strip, mark_middles

WIDTH = 72  # pixels of a strip
NUM_DIGITS = {1: 0.25, 2: 0.5, 3: 0.25}  # in a strip: how often
CHUNK = 2048  # strips that are made at once: bounds the memory
ZOOM = 0.18  # of each digit, both ways
RISE = 3  # pixels that a digit stands higher or lower, at most
GAPS = (-3, 3)  # pixels between neighbours in the row in which they are closest; the last is not included
SHEAR, ROTATION = 0.3, 10.0  # of a whole strip, both ways; degrees
INK = 60  # grey level

Placed = tuple[np.ndarray, int, int]
"""A digit, uint8 (h, w), and the row and column of its corner."""


def make_strips(images: np.ndarray, labels: np.ndarray, num_strips: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Write digits of these images, uint8 (n, 28, 28, 1), beside one another.

    Returns:
        strips, uint8 (num_strips, 28, 72, 1), and what the network should say of them, float32 (num_strips, 36, 11).
    """
    strips, targets = np.zeros((num_strips, 28, WIDTH, 1), np.uint8), []
    for start in range(0, num_strips, CHUNK):
        rng = np.random.default_rng([seed, start])
        size = min(CHUNK, num_strips - start)
        rows = rng.integers(len(labels), size=(size, max(NUM_DIGITS)))
        distorted = augment(LESSONS.distortion, images[rows.ravel()], (seed, start, 1))
        distorted = distorted.reshape(*rows.shape, *distorted.shape[1:])
        for i in range(size):
            num_digits = int(rng.choice(list(NUM_DIGITS), p=list(NUM_DIGITS.values())))
            strip, target = _make_strip(distorted[i, :num_digits], labels[rows[i, :num_digits]].tolist(), rng)
            strips[start + i, :, : strip.shape[1]] = strip
            targets.append(target)
    return strips, np.stack(targets)


def _make_strip(digits: np.ndarray, labels: list[int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """With fewer digits, or none, where so many are too wide or have no ink."""
    while labels:
        strip, middles = _write([_crop(digit, rng) for digit in digits], rng)
        if strip is not None and strip.image.shape[1] <= WIDTH:
            return strip.image, mark_middles(WIDTH, middles, labels)
        digits, labels = digits[:-1], labels[:-1]
    return np.zeros((28, STEP, 1), np.uint8), mark_middles(WIDTH, [], [])


def _crop(digit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ink of a digit, a little larger or smaller: uint8 (h, w)."""
    zoom = rng.uniform(1 - ZOOM, 1 + ZOOM)
    larger = cv2.resize(digit, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    rows, columns = (np.flatnonzero((larger >= min(INK, larger.max())).any(axis=axis)) for axis in (1, 0))
    return larger[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _write(digits: list[np.ndarray], rng: np.random.Generator) -> tuple[Strip | None, list[tuple[float, float]]]:
    """Place digits, slant and blur them all; also the middle and the width of each, in pixels of the strip."""
    placed: list[Placed] = []
    for digit in digits:
        top = 40 - len(digit) + int(rng.integers(-RISE, RISE + 1))
        placed.append((digit, top, _find_left(placed[-1], digit, top, int(rng.integers(*GAPS))) if placed else 12))
    right = max(left + digit.shape[1] for digit, _, left in placed)
    ink = np.zeros((56, right + 12), np.float32)
    for digit, top, left in placed:
        place = ink[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(place, digit / np.float32(255), out=place)
    height, width = ink.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-ROTATION, ROTATION), 1.0)
    shear = rng.uniform(-SHEAR, SHEAR)
    matrix = matrix @ np.array([[1, shear, -shear * height / 2], [0, 1, 0], [0, 0, 1]])
    ink = cv2.warpAffine(ink, matrix, (width, height))
    if rng.random() < 0.5:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.3, 1.2))
    strip = fit_strip(ink)
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
    least = right - min(digit.shape[1], other.shape[1]) // 2
    if start >= end:
        return right
    ends = _measure_paper(other[start - other_top : end - other_top, ::-1])
    starts = _measure_paper(digit[start - top : end - top])
    return max(least, right - int((ends + starts).min()) + gap)


def _measure_paper(digit: np.ndarray) -> np.ndarray:
    """Pixels to the left of the ink of each row; the whole width where there is none."""
    inked = digit >= INK
    return np.where(inked.any(axis=1), inked.argmax(axis=1), digit.shape[1])

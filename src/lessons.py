"""What a student learns from beside its training images: distorted copies of them, and cuttings of numbers."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.augmentation import Augmentation, augment
from src.centering import SIDE, center
from src.competition import NUM_CLASSES

CHUNK = 4096  # images that are distorted at once: bounds the memory
HEIGHT = 36  # pixels of a number whose digits are about 20 high
BASELINE = 30


@dataclass(frozen=True)
class Lessons:
    """How lessons are made; part of a student's recipe."""

    copies: int  # of each training image
    distortion: Augmentation  # of the copies
    blurred: float  # of the copies, as if they had been small in the picture
    resolution: tuple[float, float]  # of these, where 1 is sharp
    cuttings: float  # for each training image
    blots: float  # of the cuttings are none, but shapes without sense
    between: float  # of the cuttings are cut near the gaps between digits, the others anywhere
    whole: float  # of its ink: what a digit has at least
    stray: float  # of its ink: what is seen of another digit at most, beside a whole one


LESSONS = Lessons(
    copies=4,
    distortion=Augmentation(rotation=15.0, elastic=0.7, stroke_share=0.3),
    blurred=0.25,
    resolution=(0.4, 0.9),
    cuttings=0.75,
    blots=0.05,
    between=0.6,
    whole=0.9,
    stray=0.08,
)


def make_copies(images: np.ndarray, seed: int) -> np.ndarray:
    """Distort each image in several ways: uint8 (copies * n, 28, 28, 1) for uint8 (n, 28, 28, 1)."""
    return np.concatenate(
        [
            augment(LESSONS.distortion, images[start : start + CHUNK], (seed, copy, start))
            for copy in range(LESSONS.copies)
            for start in range(0, len(images), CHUNK)
        ]
    )


def blur_some(images: np.ndarray, seed: int) -> np.ndarray:
    """Take detail from a share of the images, uint8 (n, 28, 28, 1); the others stay as they are."""
    rng = np.random.default_rng((seed, len(images), 1))
    blurred = images.copy()
    for i in np.flatnonzero(rng.random(len(images)) < LESSONS.blurred):
        side = round(SIDE * rng.uniform(*LESSONS.resolution))
        small = cv2.resize(images[i], (side, side), interpolation=cv2.INTER_AREA)
        blurred[i, ..., 0] = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return blurred


def make_cuttings(images: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Make what a reader meets that cuts numbers into digits.

    It is a whole digit with strays of its neighbours, half a digit, two side by side, or a blot.

    Args:
        images: uint8 (n, 28, 28, 1).
        labels: int64 (n,).

    Returns:
        uint8 (m, 28, 28, 1), m about 0.75 n, and float32 (m, 10): 1 for the class of a whole digit, or, where there is
        no digit, all classes alike.
    """
    rng = np.random.default_rng((seed, len(images), 2))
    targets = np.vstack([np.eye(NUM_CLASSES, dtype=np.float32), np.full((1, NUM_CLASSES), 1 / NUM_CLASSES, np.float32)])
    cuttings: list[np.ndarray] = []
    found: list[int] = []
    while len(found) < round(LESSONS.cuttings * len(images)):
        chosen = rng.integers(len(images), size=3)
        ink, label = _make_cutting(images[chosen], labels[chosen], rng)
        if label is not None and (image := center(ink)) is not None:
            cuttings.append(image)
            found.append(label)
    return np.stack(cuttings), targets[found]


def _make_cutting(images: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, int | None]:
    """Ink, float32 (h, w), from 0 to 1; its class, NUM_CLASSES for no digit, None for what may be one or not."""
    if rng.random() < LESSONS.blots:
        return _make_blot(rng), NUM_CLASSES
    layers, gaps = _write(images, rng)
    width = layers.shape[2]
    if rng.random() < LESSONS.between:
        left, right = gaps + rng.normal(0, 1.2, 2)
    else:
        left = rng.uniform(-2, width)
        right = left + rng.uniform(6, 40)
    seen = layers * (_find_right_side(left, width, rng) & ~_find_right_side(right, width, rng))
    shares = seen.sum(axis=(1, 2)) / layers.sum(axis=(1, 2))
    return seen.max(axis=0), _judge(shares, labels)


def _judge(shares: np.ndarray, labels: np.ndarray) -> int | None:
    """The class of what is seen of three digits, as `_make_cutting` gives it."""
    most = int(shares.argmax())
    second, first = np.sort(shares)[-2:]
    if first > LESSONS.whole and second < LESSONS.stray:
        return int(labels[most])
    is_part = 0.2 < first < 0.7 and second < 0.1 and labels[most] != 1  # part of a 1 is a 1
    return NUM_CLASSES if is_part or second > 0.35 else None


def _write(images: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Three digits beside one another, some of them touching: each one's ink, float32 (3, h, w), and both gaps."""
    digits = [_crop(image, rng.uniform(0.9, 1.1)) for image in images]
    lefts = [0]
    for digit in digits[:-1]:
        lefts.append(max(0, lefts[-1] + digit.shape[1] + int(rng.integers(-3, 3))))
    rights = [left + digit.shape[1] for left, digit in zip(lefts, digits, strict=True)]
    layers = np.zeros((len(digits), HEIGHT, max(rights)), np.float32)
    for layer, digit, left, right in zip(layers, digits, lefts, rights, strict=True):
        top = max(0, BASELINE - len(digit) + int(rng.integers(-2, 3)))
        layer[top : top + len(digit), left:right] = digit[: HEIGHT - top]
    return layers, (np.array(rights[:-1]) + lefts[1:]) / 2


def _crop(image: np.ndarray, zoom: float) -> np.ndarray:
    """The rows and columns that have ink."""
    ink = cv2.resize(image, None, fx=zoom, fy=zoom).astype(np.float32) / 255
    rows, columns = (np.flatnonzero((ink >= min(0.2, ink.max())).any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _find_right_side(middle: float, width: int, rng: np.random.Generator) -> np.ndarray:
    """Of a cut that leans and bends at random, through the middle row at this column: bool (h, w)."""
    rows = np.arange(HEIGHT) - HEIGHT / 2
    cut = middle + rng.uniform(-0.5, 0.5) * rows + rng.normal() * np.sin(rows / 6 + rng.uniform(0, 6))
    return np.arange(width) >= cut[:, None]


def _make_blot(rng: np.random.Generator) -> np.ndarray:
    noise = cv2.GaussianBlur(rng.normal(size=(28, 28)), (0, 0), rng.uniform(1.5, 4))
    return (2 * noise / noise.std() - rng.uniform(-0.5, 2)).clip(0, 1).astype(np.float32)

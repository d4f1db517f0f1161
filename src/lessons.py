"""What a student learns from beside its training images: distorted copies of them, and what is no digit."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.augmentation import Augmentation, augment
from src.centering import center

CHUNK = 4096  # images that are distorted at once: bounds the memory


@dataclass(frozen=True)
class Lessons:
    """How lessons are made; part of a student's recipe."""

    copies: int  # of each training image
    distortion: Augmentation  # of the copies
    scraps: float  # for each training image
    blots: float  # of the scraps; the others are parts of images
    min_width: int  # pixels: half of a narrower digit would still be a 1


LESSONS = Lessons(
    copies=4,
    distortion=Augmentation(rotation=15.0, elastic=0.7, stroke_share=0.3),
    scraps=0.25,
    blots=0.2,
    min_width=10,
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


def make_scraps(images: np.ndarray, seed: int) -> np.ndarray:
    """Make what a reader meets that is no digit, in a digit's box: half a digit, two side by side, a blot.

    Args:
        images: uint8 (n, 28, 28, 1).

    Returns:
        uint8 (m, 28, 28, 1), m about n / 4.
    """
    rng = np.random.default_rng((seed, len(images)))
    chosen = rng.choice(len(images), size=(round(LESSONS.scraps * len(images)), 2))
    scraps = [_make_scrap(images[one], images[other], rng) for one, other in chosen]
    return np.stack([scrap for scrap in map(center, scraps) if scrap is not None])


def _make_scrap(one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ink, float32 (28, w), from 0 to 1."""
    if rng.random() < LESSONS.blots:
        return _make_blot(rng)
    left, right = _crop(one), _crop(other)
    if rng.random() < 0.5 and left.shape[1] >= LESSONS.min_width:
        kept = round(rng.uniform(0.25, 0.55) * left.shape[1])
        return left[:, :kept] if rng.random() < 0.5 else left[:, -kept:]
    return _pair(left, right, int(rng.integers(-2, 3)))


def _make_blot(rng: np.random.Generator) -> np.ndarray:
    """A smooth shape without sense."""
    noise = cv2.GaussianBlur(rng.normal(size=(28, 28)), (0, 0), rng.uniform(1.5, 4))
    return (2 * noise / noise.std() - rng.uniform(-0.5, 2)).clip(0, 1).astype(np.float32)


def _crop(image: np.ndarray) -> np.ndarray:
    """The columns that have ink."""
    inked = np.flatnonzero((image[..., 0] >= min(60, image.max())).any(axis=0))
    return image[:, inked[0] : inked[-1] + 1, 0].astype(np.float32) / 255


def _pair(left: np.ndarray, right: np.ndarray, gap: int) -> np.ndarray:
    """Two digits, so many pixels apart; they overlap if it is negative."""
    pair = np.zeros((28, left.shape[1] + right.shape[1] + gap), np.float32)
    pair[:, : left.shape[1]] = left
    pair[:, -right.shape[1] :] = np.maximum(pair[:, -right.shape[1] :], right)
    return pair

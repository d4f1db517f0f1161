"""Distillation sets: what a student network learns beside its training images.

A distillation set holds augmented copies of the training images with the mean probabilities of the teachers; digits
drawn by random pens with their own labels, since teachers do not know all their shapes; and non-digit negatives (halves
of digits, pairs of digits, noise) with equal probabilities for all digits, so that the student is unsure where there is
no digit.

Source: Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", arXiv:1503.02531.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from src.common.arrays import Images, SoftLabelledImages
from src.common.competition import IMAGE_SIDE, NUM_CLASSES
from src.images.augmentation import Augmentation, augment
from src.images.centering import InkImage, center
from src.images.drawn_digits import draw_digits
from src.models.classifiers import Classifier

_CHUNK = 4096  # images that are distorted at once: bounds the memory
_INK = 60  # grey levels: fainter columns count as background


@dataclass(frozen=True)
class Distillation:
    """How a distillation set is made; part of a student's recipe."""

    copies_per_image: int = 4
    augmentation: Augmentation = Augmentation(rotation=15.0, elastic=0.7, stroke_probability=0.3)  # of the copies
    drawn_per_image: float = 1.0  # digits drawn by random pens
    negatives_per_image: float = 0.25
    noise_fraction: float = 0.2  # of the negatives; the others are halves and pairs of digits
    min_split_width: int = 10  # pixels: half of a narrower digit would still be a 1


def make_distillation_set(
    recipe: Distillation, images: Images, teachers: Sequence[Classifier], seed: int
) -> SoftLabelledImages:
    """Make the images that a student learns beside its training images, with their probabilities.

    The teachers predict without test-time augmentation, which would multiply the time and change little.

    Args:
        recipe: how many images of which kind.
        images: the student's training images, uint8 (n, 28, 28, 1).
        teachers: at least one.
        seed: the same seed gives the same images.

    Returns:
        About (copies_per_image + drawn_per_image + negatives_per_image) * n images in this order, with probabilities
        float32 (m, 10).
    """
    copies, negatives = make_copies(recipe, images, seed), make_negatives(recipe, images, seed)
    drawn = draw_digits(round(recipe.drawn_per_image * len(images)), seed)
    proba = np.stack([teacher.without_tta().predict_proba(copies) for teacher in teachers]).mean(axis=0)
    labels = np.eye(NUM_CLASSES, dtype=np.float32)[drawn.labels]
    uniform = np.full((len(negatives), NUM_CLASSES), 1 / NUM_CLASSES, np.float32)
    return SoftLabelledImages(
        np.concatenate([copies, drawn.images, negatives]), np.concatenate([proba.astype(np.float32), labels, uniform])
    )


def make_copies(recipe: Distillation, images: Images, seed: int) -> Images:
    """Distort each image in several ways: uint8 (copies_per_image * n, 28, 28, 1) of uint8 (n, 28, 28, 1)."""
    return np.concatenate(
        [
            augment(recipe.augmentation, images[start : start + _CHUNK], (seed, copy, start))
            for copy in range(recipe.copies_per_image)
            for start in range(0, len(images), _CHUNK)
        ]
    )


def make_negatives(recipe: Distillation, images: Images, seed: int) -> Images:
    """Make images that are no digits but fill the box of one: half a digit, two side by side, noise.

    Args:
        recipe: how many of which kind.
        images: uint8 (n, 28, 28, 1).
        seed: the same seed gives the same images.

    Returns:
        uint8 (m, 28, 28, 1), m about negatives_per_image * n.
    """
    rng = np.random.default_rng((seed, len(images)))
    chosen = rng.choice(len(images), size=(round(recipe.negatives_per_image * len(images)), 2))
    negatives = [_make_negative(recipe, images[one], images[other], rng) for one, other in chosen]
    return np.stack([image for image in map(center, negatives) if image is not None])


def _make_negative(recipe: Distillation, one: Images, other: Images, rng: np.random.Generator) -> InkImage:
    if rng.random() < recipe.noise_fraction:
        return _make_noise(rng)
    left, right = _crop_columns(one), _crop_columns(other)
    if rng.random() < 0.5 and left.shape[1] >= recipe.min_split_width:
        kept = round(rng.uniform(0.25, 0.55) * left.shape[1])
        return left[:, :kept] if rng.random() < 0.5 else left[:, -kept:]
    return _place_side_by_side(left, right, int(rng.integers(-2, 3)))


def _make_noise(rng: np.random.Generator) -> InkImage:
    noise = cv2.GaussianBlur(rng.normal(size=(IMAGE_SIDE, IMAGE_SIDE)), (0, 0), rng.uniform(1.5, 4))
    return np.asarray((2 * noise / noise.std() - rng.uniform(-0.5, 2)).clip(0, 1), np.float32)


def _crop_columns(image: Images) -> InkImage:
    """Cut out the columns from the first to the last that has ink: float32 (28, w)."""
    inked = np.flatnonzero((image[..., 0] >= min(_INK, image.max())).any(axis=0))
    return np.asarray(image[:, inked[0] : inked[-1] + 1, 0] / np.float32(255), np.float32)


def _place_side_by_side(left: InkImage, right: InkImage, gap: int) -> InkImage:
    """Place two digits, float32 (28, w), with a gap in pixels between them; they overlap if it is negative."""
    pair = np.zeros((IMAGE_SIDE, left.shape[1] + right.shape[1] + gap), np.float32)
    pair[:, : left.shape[1]] = left
    pair[:, -right.shape[1] :] = np.maximum(pair[:, -right.shape[1] :], right)
    return pair

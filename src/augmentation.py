"""How images are distorted at random for training."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from random import Random
from typing import Any, Protocol

import albumentations as A
import numpy as np

from src.views import SIDE, find_sources, resample

LATER = {"later": True}
"""Marks a field of a recipe that came when there were results: at its default, it is as if it were not there."""
THICKER = 0.7  # of the images whose strokes change: a pixel thicker; the others are a pixel thinner


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random distortions; every image draws its own. Ink that leaves the image is lost, paper is 0."""

    rotation: float = 12.0  # degrees, both ways
    zoom: float = 0.1  # scale drawn from 1 - zoom .. 1 + zoom, height and width apart
    shift: float = 0.1  # share of the image's side, both ways, each direction apart
    shear: float = 8.0  # degrees, both ways, each direction apart
    elastic: float = 0.0  # pixels: the typical (root mean square) elastic displacement in each direction; 0: none
    elastic_sigma: float = 4.0  # pixels: how smooth the elastic displacement is
    elastic_share: float = 0.5  # share of the images that are distorted elastically
    stroke_share: float = field(default=0.0, metadata=LATER)  # share of the images whose strokes change their width


def augment(augmentation: Augmentation, images: np.ndarray, seed: Sequence[int]) -> np.ndarray:
    """Distort each image on its own, by random numbers that depend on nothing but `seed`.

    Args:
        images: uint8, shape (n, 28, 28, 1).
        seed: non-negative integers, such as (fold seed, epoch, batch). The same seed gives the same pixels in any
            thread and process, however many of them work.

    Returns:
        uint8, shape (n, 28, 28, 1).
    """
    transform = Distortion(augmentation)
    transform.set_random_state(np.random.default_rng(seed), Random(0))
    return transform(images=images)["images"]


class Distortion(A.ImageOnlyTransform):
    """albumentations' Affine followed by its ElasticTransform, for a batch: transform(images=images)["images"].

    Those two draw once per call and take 60 to 160 microseconds an image; drawing for the whole batch and resampling
    once takes about 20, and blurs less.
    """

    def __init__(self, augmentation: Augmentation):
        super().__init__(p=1.0)
        self.augmentation = augmentation

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Draw where each pixel of each image comes from; called by albumentations."""
        draws = NumpyDraws(self.random_generator)
        return {"sources": draw_sources(self.augmentation, len(data["images"]), draws), "draws": draws}

    def apply_to_images(self, images: np.ndarray, sources: np.ndarray, draws: "Draws", **params: Any) -> np.ndarray:
        """Resample the images, between pixels linearly, and change strokes; called by albumentations."""
        return change_strokes(self.augmentation, resample(images, sources), draws)


class Draws(Protocol):
    """Random numbers, float32, each call others."""

    def uniform(self, *shape: int) -> Any:
        """From 0 to 1."""

    def normal(self, *shape: int) -> Any:
        """Of mean 0 and variance 1."""


class NumpyDraws:
    """NumPy's random numbers."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def uniform(self, *shape: int) -> np.ndarray:
        return self.rng.random(shape, np.float32)

    def normal(self, *shape: int) -> np.ndarray:
        return self.rng.standard_normal(shape, np.float32)


def draw_sources(augmentation: Augmentation, num_images: int, draws: Draws, xp: Any = np) -> Any:
    """Draw, for every pixel of each distorted image, the place in the original that it shows.

    Args:
        xp: the library that computes, numpy or jax.numpy; `draws` are its arrays.

    Returns:
        x and y in pixels, float32 (num_images, 2, 28, 28).
    """

    def draw(limit: float, *shape: int) -> Any:
        return limit * (2 * draws.uniform(num_images, *shape) - 1)

    sources = find_sources(
        rotation=draw(augmentation.rotation),
        zoom=1 + draw(augmentation.zoom, 2),
        shear=draw(augmentation.shear, 2),
        shift=SIDE * draw(augmentation.shift, 2),
        displacement=draw_displacement(augmentation, num_images, draws),
        xp=xp,
    )
    return sources.reshape(num_images, 2, SIDE, SIDE)


def draw_displacement(augmentation: Augmentation, num_images: int, draws: Draws) -> Any:
    """Draw the elastic displacement in x and y: pixels, float32 (num_images, 2, 784), or 0.0 for none at all.

    Source: Simard et al. 2003 (ICDAR), white noise smoothed by a Gaussian.
    """
    if augmentation.elastic == 0:
        return 0.0
    basis = _smooth_basis(augmentation.elastic_sigma)
    distorted = draws.uniform(num_images, 1, 1, 1) < augmentation.elastic_share
    noise = draws.normal(num_images, 2, basis.shape[1], basis.shape[1])
    noise = noise * (np.float32(augmentation.elastic) * distorted)
    return (basis @ noise @ basis.T).reshape(num_images, 2, -1)


def change_strokes(augmentation: Augmentation, images: Any, draws: Draws, xp: Any = np) -> Any:
    """Make the strokes of some images a pixel thicker or thinner: the largest or smallest of each 2x2 pixels.

    Args:
        images: (n, 28, 28, 1), as are the images that come back.
        xp: the library of `images` and `draws`, numpy or jax.numpy.
    """
    if augmentation.stroke_share == 0:
        return images
    padded = xp.pad(images, ((0, 0), (1, 0), (1, 0), (0, 0)))
    corners = [padded[:, y : y + SIDE, x : x + SIDE] for y in (0, 1) for x in (0, 1)]
    draw = draws.uniform(len(images), 1, 1, 1) / augmentation.stroke_share
    thinner = xp.where(draw < 1, reduce(xp.minimum, corners), images)
    return xp.where(draw < THICKER, reduce(xp.maximum, corners), thinner)


@lru_cache
def _smooth_basis(sigma: float) -> np.ndarray:
    """Build B, float32 (28, r), such that B @ noise @ B.T is white noise smoothed by a Gaussian, of variance 1.

    Smoothed white noise has the correlation exp(-d^2 / (4 sigma^2)) at distance d; B is a root of that matrix, without
    the directions that hold less than a ten thousandth.
    """
    distance = np.subtract.outer(np.arange(SIDE), np.arange(SIDE))
    values, vectors = np.linalg.eigh(np.exp(-(distance**2) / (4 * sigma**2)))
    kept = values > 1e-4 * values.sum()
    return (vectors[:, kept] * np.sqrt(values[kept])).astype(np.float32)

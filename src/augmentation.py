"""How images are distorted: at random for training (`Augmentation`), in a fixed way for a second look (`View`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any, Protocol

import albumentations as A
import cv2
import numpy as np

from src.competition import IMAGE_SHAPE

SIDE = IMAGE_SHAPE[0]

cv2.setNumThreads(0)  # batches are made in worker threads; OpenCV's own pool would only fight the training for cores


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
        return {"sources": draw_sources(self.augmentation, len(data["images"]), NumpyDraws(self.random_generator))}

    def apply_to_images(self, images: np.ndarray, sources: np.ndarray, **params: Any) -> np.ndarray:
        """Resample the images, between pixels linearly; called by albumentations."""
        return _resample(images, sources)


def _resample(images: np.ndarray, sources: np.ndarray) -> np.ndarray:
    distorted = [cv2.remap(image, x, y, cv2.INTER_LINEAR) for image, (x, y) in zip(images, sources, strict=True)]
    return np.stack(distorted)[..., None]


@dataclass(frozen=True)
class View:
    """A fixed distortion, under which a test image is looked at once more."""

    rotation: float = 0.0  # degrees
    zoom: float = 1.0  # factor

    def distort(self, images: np.ndarray) -> np.ndarray:
        """Rotate and zoom the images, uint8 (n, 28, 28, 1), about their centre; linear between pixels."""
        zoom, still = np.full((1, 2), self.zoom), np.zeros((1, 2))
        sources = find_sources(np.array([self.rotation]), zoom, shear=still, shift=still).astype(np.float32)
        return _resample(images, np.broadcast_to(sources.reshape(1, 2, SIDE, SIDE), (len(images), 2, SIDE, SIDE)))


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


def find_sources(rotation: Any, zoom: Any, shear: Any, shift: Any, displacement: Any = 0.0, xp: Any = np) -> Any:
    """Find where each pixel of n distorted images comes from.

    Args:
        rotation: degrees, (n,).
        zoom, shear, shift: factors, degrees and pixels along x and y, (n, 2). Images are zoomed, rotated, sheared and
            shifted about their centre, in this order, as albumentations.Affine does.
        displacement: pixels, (n, 2, 784): the elastic distortion that follows.
        xp: the library of these arrays, numpy or jax.numpy.

    Returns:
        x and y in pixels, (n, 2, 784).
    """
    angle, slope = xp.radians(rotation), xp.tan(xp.radians(shear))
    cos, sin, one = xp.cos(angle), xp.sin(angle), xp.ones_like(angle)
    rotate_back = xp.stack([cos, -sin, sin, cos], axis=-1).reshape(-1, 2, 2)
    slant_back = xp.stack([one, -slope[:, 0], -slope[:, 1], one], axis=-1).reshape(-1, 2, 2)
    slant_back = slant_back / (1 - slope[:, 0] * slope[:, 1])[:, None, None]
    backward = rotate_back @ slant_back / zoom[:, :, None]
    return backward @ (_grid() + displacement - shift[..., None]) + (SIDE - 1) / 2


@lru_cache
def _grid() -> np.ndarray:
    """x and y of all pixels, from the centre: float32 (2, 784)."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) - (SIDE - 1) / 2
    return np.stack([x.ravel(), y.ravel()])


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

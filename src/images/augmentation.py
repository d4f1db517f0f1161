"""Random distortion of training images.

The albumentations package provides the interface (`RandomDistortion` is one of its transforms, so it can be combined
with others); the distortion itself is computed here. albumentations' `Affine` and `ElasticTransform` draw once per call
and take 60 to 160 microseconds an image; drawing for a whole batch and resampling once takes about 20, and blurs less.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from random import Random
from typing import Any, Protocol

import albumentations as A
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images
from src.common.competition import IMAGE_SIDE
from src.images.warping import find_sources, resample

THICKER_FRACTION = 0.7
"""Of the images whose stroke width changes, this fraction gets thicker by a pixel; the others get thinner."""


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random distortions; each image draws its own. Ink that leaves the image is lost."""

    rotation: float = 12.0  # degrees, both ways
    zoom: float = 0.1  # factors drawn from 1 - zoom .. 1 + zoom, height and width independently
    shift: float = 0.1  # fraction of the image's side, both ways, x and y independently
    shear: float = 8.0  # degrees, both ways, x and y independently
    elastic: float = 0.0  # pixels: root mean square of the elastic displacement along x and y; 0: none
    elastic_sigma: float = 4.0  # pixels: how smooth the elastic displacement is
    elastic_probability: float = 0.5  # of an image to be distorted elastically
    stroke_probability: float = 0.0  # of an image to get thicker or thinner strokes


def augment(augmentation: Augmentation, images: Images, seed: Sequence[int]) -> Images:
    """Distort each image by random numbers that depend on nothing but `seed`.

    Args:
        augmentation: the ranges.
        images: uint8 (n, 28, 28, 1).
        seed: non-negative integers, such as (fold seed, epoch, batch). The same seed gives the same pixels in every
            thread and process.

    Returns:
        uint8 (n, 28, 28, 1).
    """
    transform = RandomDistortion(augmentation)
    transform.set_random_state(np.random.default_rng(seed), Random(0))
    distorted: Images = transform(images=images)["images"]
    return distorted


class RandomDistortion(A.ImageOnlyTransform):  # type: ignore[misc]  # albumentations has no types
    """An albumentations transform of a batch: `transform(images=images)["images"]`."""

    def __init__(self, augmentation: Augmentation):
        super().__init__(p=1.0)
        self.augmentation = augmentation

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Draw where each pixel of each image comes from; called by albumentations."""
        draws = NumpyDraws(self.random_generator)
        return {"sources": draw_sources(self.augmentation, len(data["images"]), draws), "draws": draws}

    def apply_to_images(self, images: Images, sources: Any, draws: "Draws", **params: Any) -> Images:
        """Resample the images and change their strokes; called by albumentations."""
        changed: Images = change_strokes(self.augmentation, resample(images, sources), draws)
        return changed


class Draws(Protocol):
    """A source of random float32 numbers, of NumPy or of JAX."""

    def uniform(self, *shape: int) -> Any:
        """Draw from 0 to 1."""

    def normal(self, *shape: int) -> Any:
        """Draw with mean 0 and variance 1."""


class NumpyDraws:
    """NumPy's random numbers."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng

    def uniform(self, *shape: int) -> npt.NDArray[np.float32]:
        """Draw from 0 to 1."""
        return self.rng.random(shape, np.float32)

    def normal(self, *shape: int) -> npt.NDArray[np.float32]:
        """Draw with mean 0 and variance 1."""
        return self.rng.standard_normal(shape, np.float32)


def draw_sources(augmentation: Augmentation, num_images: int, draws: Draws, xp: Any = np) -> Any:
    """Draw, for every pixel of each distorted image, the place in the original that it shows.

    Args:
        augmentation: the ranges.
        num_images: how many images are distorted.
        draws: random numbers of the array library `xp`.
        xp: numpy or jax.numpy.

    Returns:
        x and y in pixels, float32 (num_images, 2, 28, 28).
    """

    def draw(limit: float, *shape: int) -> Any:
        return limit * (2 * draws.uniform(num_images, *shape) - 1)

    sources = find_sources(
        rotation=draw(augmentation.rotation),
        zoom=1 + draw(augmentation.zoom, 2),
        shear=draw(augmentation.shear, 2),
        shift=IMAGE_SIDE * draw(augmentation.shift, 2),
        displacement=draw_displacement(augmentation, num_images, draws),
        xp=xp,
    )
    return sources.reshape(num_images, 2, IMAGE_SIDE, IMAGE_SIDE)


def draw_displacement(augmentation: Augmentation, num_images: int, draws: Draws) -> Any:
    """Draw the elastic displacement along x and y: pixels, float32 (num_images, 2, 784), or 0.0 if there is none.

    Source: Simard et al. 2003 (ICDAR), white noise smoothed by a Gaussian.
    """
    if augmentation.elastic == 0:
        return 0.0
    basis = _smooth_basis(augmentation.elastic_sigma)
    is_distorted = draws.uniform(num_images, 1, 1, 1) < augmentation.elastic_probability
    noise = draws.normal(num_images, 2, basis.shape[1], basis.shape[1])
    noise = noise * (np.float32(augmentation.elastic) * is_distorted)
    return (basis @ noise @ basis.T).reshape(num_images, 2, -1)


def change_strokes(augmentation: Augmentation, images: Any, draws: Draws, xp: Any = np) -> Any:
    """Make the strokes of some images a pixel thicker or thinner: the maximum or minimum over 2x2 pixels.

    Args:
        augmentation: how many images change.
        images: (n, 28, 28, 1) of the array library `xp`.
        draws: random numbers of `xp`.
        xp: numpy or jax.numpy.

    Returns:
        (n, 28, 28, 1), of the same dtype.
    """
    if augmentation.stroke_probability == 0:
        return images
    padded = xp.pad(images, ((0, 0), (1, 0), (1, 0), (0, 0)))
    corners = [padded[:, y : y + IMAGE_SIDE, x : x + IMAGE_SIDE] for y in (0, 1) for x in (0, 1)]
    draw = draws.uniform(len(images), 1, 1, 1) / augmentation.stroke_probability
    thinner = xp.where(draw < 1, reduce(xp.minimum, corners), images)
    return xp.where(draw < THICKER_FRACTION, reduce(xp.maximum, corners), thinner)


@lru_cache
def _smooth_basis(sigma: float) -> npt.NDArray[np.float32]:
    """Compute B, float32 (28, r), such that B @ noise @ B.T is white noise smoothed by a Gaussian, with variance 1.

    Smoothed white noise has the correlation exp(-d^2 / (4 sigma^2)) at distance d. B is a square root of that matrix
    without the directions that hold less than a ten thousandth of the variance.
    """
    distance = np.subtract.outer(np.arange(IMAGE_SIDE), np.arange(IMAGE_SIDE))
    values, vectors = np.linalg.eigh(np.exp(-(distance**2) / (4 * sigma**2)))
    kept = values > 1e-4 * values.sum()
    basis: npt.NDArray[np.float32] = (vectors[:, kept] * np.sqrt(values[kept])).astype(np.float32)
    return basis

"""Geometric distortion of 28x28 images: where each pixel comes from, and resampling."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images
from src.common.competition import IMAGE_SIDE

cv2.setNumThreads(0)  # Batches are made in worker threads; OpenCV's own pool would only compete with the training.


def find_sources(rotation: Any, zoom: Any, shear: Any, shift: Any, displacement: Any = 0.0, xp: Any = np) -> Any:
    """Compute where each pixel of n distorted images comes from.

    Images are zoomed, rotated, sheared and shifted about their centre, in this order, as albumentations.Affine does.

    Args:
        rotation: degrees, (n,).
        zoom: factors along x and y, (n, 2).
        shear: degrees along x and y, (n, 2).
        shift: pixels along x and y, (n, 2).
        displacement: pixels, (n, 2, 784): an elastic distortion, applied last.
        xp: the array library of the arguments, numpy or jax.numpy.

    Returns:
        x and y in pixels of the original, (n, 2, 784).
    """
    angle, slope = xp.radians(rotation), xp.tan(xp.radians(shear))
    cos, sin, one = xp.cos(angle), xp.sin(angle), xp.ones_like(angle)
    inverse_rotation = xp.stack([cos, -sin, sin, cos], axis=-1).reshape(-1, 2, 2)
    inverse_shear = xp.stack([one, -slope[:, 0], -slope[:, 1], one], axis=-1).reshape(-1, 2, 2)
    inverse_shear = inverse_shear / (1 - slope[:, 0] * slope[:, 1])[:, None, None]
    inverse = inverse_rotation @ inverse_shear / zoom[:, :, None]
    return inverse @ (_grid() + displacement - shift[..., None]) + (IMAGE_SIDE - 1) / 2


@lru_cache
def _grid() -> npt.NDArray[np.float32]:
    """Compute x and y of all pixels, measured from the centre: float32 (2, 784)."""
    y, x = np.mgrid[:IMAGE_SIDE, :IMAGE_SIDE].astype(np.float32) - (IMAGE_SIDE - 1) / 2
    return np.stack([x.ravel(), y.ravel()])


def resample(images: Images, sources: npt.NDArray[np.float32]) -> Images:
    """Look up each pixel at its source with linear interpolation; outside the image is background.

    Args:
        images: uint8 (n, 28, 28, 1).
        sources: x and y in pixels, float32 (n, 2, 28, 28).

    Returns:
        uint8 (n, 28, 28, 1).
    """
    distorted = [cv2.remap(image, x, y, cv2.INTER_LINEAR) for image, (x, y) in zip(images, sources, strict=True)]
    return np.stack(distorted)[..., None].astype(np.uint8, copy=False)

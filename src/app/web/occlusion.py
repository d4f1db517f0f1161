"""Occlusion maps: which parts of an image a prediction depends on."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images, Proba
from src.common.competition import IMAGE_SIDE

PATCH_SIDE = 5
"""Pixels: side of the hidden square."""
STEP = 2
"""Pixels from one hidden square to the next."""
FULL_BRIGHTNESS = 0.1
"""Loss of probability: a heat map whose largest loss is smaller does not reach full brightness."""


def compute_occlusion_map(image: npt.NDArray[np.uint8], predict: Callable[[Images], Proba]) -> npt.NDArray[np.float32]:
    """Compute how much the probability of the predicted digit falls when parts of the image are hidden.

    Source: Zeiler and Fergus 2014, arXiv:1311.2901.

    Args:
        image: uint8 (28, 28, 1).
        predict: class probabilities, (n, 10), of images.

    Returns:
        float32 (28, 28), from 0 to 1: the mean loss of probability over all hidden squares that contain the pixel.
    """
    edges = [*range(0, IMAGE_SIDE - PATCH_SIDE, STEP), IMAGE_SIDE - PATCH_SIDE]
    patches = [np.s_[y : y + PATCH_SIDE, x : x + PATCH_SIDE] for y in edges for x in edges]
    images = np.repeat(image[None], len(patches) + 1, axis=0)
    for hidden, patch in zip(images[1:], patches, strict=True):
        hidden[patch] = 0
    proba = predict(images)
    digit = proba[0].argmax()
    loss, count = np.zeros((2, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    for patch, row in zip(patches, proba[1:], strict=True):
        loss[patch] += max(0.0, float(proba[0, digit] - row[digit]))
        count[patch] += 1
    mean: npt.NDArray[np.float32] = loss / count
    return mean


def draw_heat_map(
    image: npt.NDArray[np.uint8], importance: npt.NDArray[np.float32], factor: int
) -> npt.NDArray[np.uint8]:
    """Draw an occlusion map in colour over its image.

    Args:
        image: uint8 (28, 28, 1).
        importance: float32 (28, 28), see `compute_occlusion_map`.
        factor: pixels of the drawing per pixel of the image.

    Returns:
        uint8 RGB (28 * factor, 28 * factor, 3).
    """
    size = IMAGE_SIDE * factor, IMAGE_SIDE * factor
    grey = cv2.resize(image, size, interpolation=cv2.INTER_NEAREST)
    scaled = importance / max(float(importance.max()), FULL_BRIGHTNESS)
    strength = cv2.resize(scaled, size, interpolation=cv2.INTER_CUBIC)
    heat = cv2.applyColorMap((255 * strength.clip(0, 1)).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    return (0.45 * grey[..., None] + 0.55 * heat).astype(np.uint8)

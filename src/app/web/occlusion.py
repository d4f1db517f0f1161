"""Why the network says what it says: how sure it stays when a part of the image is hidden."""

from collections.abc import Callable

import cv2
import numpy as np

from src.common.competition import IMAGE_SHAPE

SIDE = IMAGE_SHAPE[0]
PATCH = 5  # pixels: the side of the hidden part
STEP = 2  # pixels from one hidden part to the next
FAINT = 0.1  # of probability: less is not painted in full brightness


def explain(image: np.ndarray, predict: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Measure how much of the digit's probability each part of the image holds.

    Source: occlusion maps, Zeiler and Fergus 2014, arXiv:1311.2901.

    Args:
        image: uint8 (28, 28, 1).
        predict: probabilities, float32 (n, 10), of images.

    Returns:
        float32 (28, 28), from 0 to 1: by how much the probability falls when the pixel is hidden, on average.
    """
    edges = [*range(0, SIDE - PATCH, STEP), SIDE - PATCH]
    corners = [(y, x) for y in edges for x in edges]
    hidden = np.repeat(image[None], len(corners) + 1, axis=0)
    for masked, (y, x) in zip(hidden[1:], corners, strict=True):
        masked[y : y + PATCH, x : x + PATCH] = 0
    proba = predict(hidden)
    digit = proba[0].argmax()
    fall, times = np.zeros((SIDE, SIDE), np.float32), np.zeros((SIDE, SIDE), np.float32)
    for (y, x), row in zip(corners, proba[1:], strict=True):
        fall[y : y + PATCH, x : x + PATCH] += max(0.0, float(proba[0, digit] - row[digit]))
        times[y : y + PATCH, x : x + PATCH] += 1
    return fall / times.clip(1)


def paint(image: np.ndarray, importance: np.ndarray, factor: int = 8) -> np.ndarray:
    """Show the importance in colour over the image: uint8 RGB (28 * factor, 28 * factor, 3)."""
    side = SIDE * factor
    grey = cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST)
    strength = cv2.resize(importance / max(float(importance.max()), FAINT), (side, side), interpolation=cv2.INTER_CUBIC)
    heat = cv2.applyColorMap((255 * strength.clip(0, 1)).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
    return (0.45 * grey[..., None] + 0.55 * heat).astype(np.uint8)

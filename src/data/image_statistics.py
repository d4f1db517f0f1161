"""How an image is written: how much ink, how slanted, how thick a pen."""

import cv2
import numpy as np

from src.common.competition import IMAGE_SHAPE

SIDE = IMAGE_SHAPE[0]
ENLARGED = 4
"""Factor by which images are enlarged before strokes are measured: they are but two to four pixels wide."""


def measure_ink(images: np.ndarray) -> np.ndarray:
    """Ink of each image, uint8 (n, 28, 28, 1), in full pixels: float64 (n,)."""
    return images.reshape(len(images), -1).sum(axis=1, dtype=np.float64) / 255


def measure_slant(images: np.ndarray) -> np.ndarray:
    """Slant of the ink of each image, uint8 (n, 28, 28, 1): columns to the left per row downwards, float64 (n,).

    Source: the second moments of the ink, as LeCun et al. 1998 deslanted MNIST.
    """
    pixels = images.reshape(-1, SIDE, SIDE)
    y, x = np.mgrid[:SIDE, :SIDE]
    ink = np.maximum(pixels.sum(axis=(1, 2), dtype=np.float64), 1.0)
    mean_x, mean_y = ((pixels * axis).sum(axis=(1, 2)) / ink for axis in (x, y))
    covariance = (pixels * (x * y)).sum(axis=(1, 2)) / ink - mean_x * mean_y
    return -covariance / np.maximum((pixels * y**2).sum(axis=(1, 2)) / ink - mean_y**2, 1e-6)


def measure_stroke_width(images: np.ndarray) -> np.ndarray:
    """Width of the strokes of each image, uint8 (n, 28, 28, 1), in pixels: float64 (n,), 0 without ink."""
    return np.array([_measure_stroke_width(image) for image in images])


def _measure_stroke_width(image: np.ndarray) -> float:
    large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    return measure_mask_stroke_width((large >= 128).astype(np.uint8)) / ENLARGED


def measure_mask_stroke_width(mask: np.ndarray) -> float:
    """Measure the mean width of the strokes of a mask.

    The pixels of a long stroke of width w are w / 4 away from the background on average. A distance transform measures
    from centre to centre of the pixels, which is half a pixel more.

    Args:
        mask: uint8 (h, w), 1 on strokes, 0 on background.

    Returns:
        Pixels; 0 for an empty mask.
    """
    distance = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 5)
    return 4 * (float(distance[distance > 0].mean()) - 0.5) if mask.any() else 0.0


def _measure_stroke_width(image: np.ndarray) -> float:
    large = cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    ink = (large >= 128).astype(np.uint8)
    distance = cv2.distanceTransform(cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 5)
    return 4 * float(distance[distance > 0].mean() - 0.5) / ENLARGED if ink.any() else 0.0


def compute_image_statistics(images: np.ndarray) -> dict[str, np.ndarray]:
    """All figures of each image, uint8 (n, 28, 28, 1), by names with their units: float64 (n,)."""
    return {
        "ink, full pixels": measure_ink(images),
        "slant, columns per row": measure_slant(images),
        "stroke width, pixels": measure_stroke_width(images),
    }

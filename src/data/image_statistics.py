"""Statistics of single images: amount of ink, slant and stroke width."""

import cv2
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images
from src.common.competition import IMAGE_SIDE

_ENLARGEMENT = 4  # Strokes are two to four pixels wide, too few for a distance transform of the image as it is.
_MAX_GREY = 255
_INK = 128  # grey levels: fainter pixels of the enlarged image count as background

Statistic = npt.NDArray[np.float64]
"""(n,): one value for each image."""


def measure_ink(images: Images) -> Statistic:
    """Measure the ink of each image, uint8 (n, 28, 28, 1): the sum of the grey levels in units of full pixels."""
    ink: Statistic = images.reshape(len(images), -1).sum(axis=1, dtype=np.float64) / _MAX_GREY
    return ink


def measure_slant(images: npt.NDArray[np.uint8]) -> Statistic:
    """Measure the slant of each image in columns to the right per row upwards: positive leans to the right.

    It is the covariance of column and row, weighted by ink, over the variance of the row, as in the deskewing of
    MNIST images by LeCun et al. 1998, "Gradient-based learning applied to document recognition".

    Args:
        images: uint8 (n, 28, 28, 1) or (n, 784).
    """
    pixels = images.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    y, x = np.mgrid[:IMAGE_SIDE, :IMAGE_SIDE]
    ink = np.maximum(pixels.sum(axis=(1, 2), dtype=np.float64), 1.0)
    mean_x, mean_y = ((pixels * axis).sum(axis=(1, 2)) / ink for axis in (x, y))
    covariance = (pixels * (x * y)).sum(axis=(1, 2)) / ink - mean_x * mean_y
    slant: Statistic = -covariance / np.maximum((pixels * y**2).sum(axis=(1, 2)) / ink - mean_y**2, 1e-6)
    return slant


def measure_stroke_width(images: Images) -> Statistic:
    """Measure the mean stroke width of each image, uint8 (n, 28, 28, 1), in pixels; 0 for an image without ink."""
    return np.array([_measure_stroke_width(image) for image in images])


def _measure_stroke_width(image: npt.NDArray[np.uint8]) -> float:
    large = cv2.resize(image, None, fx=_ENLARGEMENT, fy=_ENLARGEMENT, interpolation=cv2.INTER_CUBIC)
    return measure_mask_stroke_width((large >= _INK).astype(np.uint8)) / _ENLARGEMENT


def measure_mask_stroke_width(mask: npt.NDArray[np.uint8]) -> float:
    """Measure the mean stroke width of a mask.

    The pixels of a long stroke of width w are w / 4 away from the background on average. A distance transform measures
    between the centres of pixels, which adds half a pixel.

    Args:
        mask: uint8 (h, w), 1 on strokes, 0 on background.

    Returns:
        Pixels; 0 for an empty mask.
    """
    distance = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 5)
    return 4 * (float(distance[distance > 0].mean()) - 0.5) if mask.any() else 0.0


def compute_image_statistics(images: Images) -> dict[str, Statistic]:
    """Compute all statistics of each image, uint8 (n, 28, 28, 1), by names that hold their units."""
    return {
        "ink, full pixels": measure_ink(images),
        "slant, columns per row": measure_slant(images),
        "stroke width, pixels": measure_stroke_width(images),
    }

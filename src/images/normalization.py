"""Normalisation by moments: digits without slant, centred, and of the same spread."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.common.arrays import Images
from src.common.competition import IMAGE_SIDE


@dataclass(frozen=True)
class MomentNormalization:
    """The size of normalised digits, measured by the standard deviation of their ink.

    A digit is sheared until it has no slant, moved until its centre of mass is the centre of the image, and stretched
    along x and y independently. The limit keeps a 1, which has hardly any width, from becoming a block.

    Source: moment normalisation in Liu et al. 2003, "Handwritten digit recognition: benchmarking of state-of-the-art
    techniques", Pattern Recognition 36; networks trained on normalised digits beside others: Ciresan et al. 2011
    (ICDAR), "Convolutional neural network committees for handwritten character classification".
    """

    spread_x: float = 3.6  # pixels
    spread_y: float = 5.0  # pixels: most digits of MNIST have 4.4 to 6.4; more would push ink out of the image
    max_stretch: float = 1.4  # factor that an axis is stretched by at most, and its inverse at least

    def apply(self, images: Images) -> Images:
        """Normalise images, uint8 (n, 28, 28, 1): uint8 of the same shape; those without ink stay as they are."""
        return np.stack([self._normalize(image) for image in images])[..., None] if len(images) else images

    def _normalize(self, image: Images) -> Images:
        moments = cv2.moments(image)
        ink = moments["m00"]
        if not ink:
            return image[..., 0]
        variance_x, variance_y, covariance = (moments[name] / ink for name in ("mu20", "mu02", "mu11"))
        slant = covariance / max(variance_y, 1.0)  # columns per row; a flat stroke has none
        upright_variance_x = variance_x - 2 * slant * covariance + slant**2 * variance_y
        stretch_x = self._limit(self.spread_x / max(upright_variance_x, 1e-6) ** 0.5)
        stretch_y = self._limit(self.spread_y / max(variance_y, 1e-6) ** 0.5)
        # Where each pixel comes from, measured from the centre of the image and from the centre of mass.
        inverse = np.array([[1 / stretch_x, slant / stretch_y], [0, 1 / stretch_y]])
        offset = np.array([moments["m10"], moments["m01"]]) / ink - inverse.sum(axis=1) * (IMAGE_SIDE - 1) / 2
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        matrix = np.column_stack([inverse, offset])
        return np.asarray(cv2.warpAffine(image, matrix, (IMAGE_SIDE, IMAGE_SIDE), flags=flags), np.uint8)

    def _limit(self, stretch: float) -> float:
        return min(max(stretch, 1 / self.max_stretch), self.max_stretch)

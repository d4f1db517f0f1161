"""Gradients of images, and features made of them."""

import cv2
import numpy as np
import numpy.typing as npt

from src.common.competition import IMAGE_SIDE

_GRID = 5  # features in a row or column of an image, for each direction
_CELL = IMAGE_SIDE / _GRID  # pixels between the centres of neighbouring features
_BLUR = 2**0.5 * _CELL / np.pi  # pixels: the standard deviation that Liu et al. derive from the sampling theorem


def compute_gradients(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.int16]:
    """Compute the Sobel gradients of an image along x and along y, in -1020..1020: (h, w) to int16 (2, h, w).

    Outside the image is background.
    """
    along_x = cv2.Sobel(image, cv2.CV_16S, 1, 0, borderType=cv2.BORDER_CONSTANT)
    along_y = cv2.Sobel(image, cv2.CV_16S, 0, 1, borderType=cv2.BORDER_CONSTANT)
    return np.stack([along_x, along_y], dtype=np.int16)


def compute_direction_features(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Compute how much gradient of each of 8 directions there is around 5x5 points: (n, 784) to float32 (n, 200).

    The gradient of each pixel is divided between the two nearest directions by the rule of the parallelogram. Each
    direction is blurred and sampled, and the square root makes the distribution of the features more even. Source: Liu,
    Nakashima, Sako and Fujisawa 2003, "Handwritten digit recognition: benchmarking of state-of-the-art techniques",
    Pattern Recognition 36.
    """
    images = pixels.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    sampling = _build_sampling_matrix()
    samples = np.stack([sampling @ _split_directions(image) @ sampling.T for image in images])
    features: npt.NDArray[np.float32] = np.sqrt(samples).reshape(len(images), -1)
    return features


def _split_directions(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Divide the gradients among the directions right, left, down, up and the four diagonals, float32 (8, h, w)."""
    x, y = compute_gradients(image)
    width, height = np.abs(x), np.abs(y)
    horizontal, vertical = np.maximum(width - height, 0), np.maximum(height - width, 0)
    diagonal = np.float32(2**0.5) * np.minimum(width, height)
    right, down = x > 0, y > 0
    left, up = ~right, ~down
    straight = [horizontal * right, horizontal * left, vertical * down, vertical * up]
    diagonals = [diagonal * (side & end) for side in (right, left) for end in (down, up)]
    return np.stack([*straight, *diagonals], dtype=np.float32)


def _build_sampling_matrix() -> npt.NDArray[np.float32]:
    """Return the weights of 28 pixels in each of 5 blurred samples of a row or column, float32 (5, 28)."""
    centers = (np.arange(_GRID) + 0.5) * _CELL - 0.5
    weights = np.exp(-((np.arange(IMAGE_SIDE) - centers[:, None]) ** 2) / (2 * _BLUR**2))
    sampling: npt.NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return sampling

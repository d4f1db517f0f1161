"""Classical pipelines of scikit-learn: one function each, from a seed, over flattened pixels 0..255, (n, 784)."""

import cv2
import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from src.common.competition import IMAGE_SHAPE
from src.data.image_statistics import measure_slant

SIDE = IMAGE_SHAPE[0]


def logistic_pca(seed: int, num_components: int = 150) -> Pipeline:
    """Principal components and logistic regression: the linear baseline.

    Args:
        seed: of the randomised PCA.
        num_components: how many principal components are kept; 150 hold 95 % of the variance.
    """
    return make_pipeline(
        FunctionTransformer(_to_unit_scale), PCA(num_components, random_state=seed), LogisticRegression(max_iter=300)
    )


def forest_pca(seed: int, num_components: int = 50, num_trees: int = 400) -> Pipeline:
    """Principal components and a random forest."""
    return make_pipeline(
        FunctionTransformer(_to_unit_scale),
        PCA(num_components, random_state=seed),
        RandomForestClassifier(num_trees, n_jobs=-1, random_state=seed),
    )


def svm_pca(seed: int, num_components: int = 50, gamma: float = 0.035) -> Pipeline:
    """Principal components and a support vector machine with a Gaussian kernel of width `gamma`."""
    return make_pipeline(
        FunctionTransformer(_to_unit_scale), PCA(num_components, random_state=seed), _gaussian_svm(gamma)
    )


def svm_hog(seed: int, num_components: int = 150) -> Pipeline:
    """The same on histograms of oriented gradients (HOG) instead of pixels: what edges as features still buy."""
    return make_pipeline(
        FunctionTransformer(compute_hog), PCA(num_components, random_state=seed), _gaussian_svm("scale")
    )


def knn(seed: int, num_components: int = 40, num_neighbors: int = 5) -> Pipeline:
    """The nearest neighbours of deskewed images, the nearer the weightier, among principal components.

    Args:
        seed: of the randomised PCA.
    """
    return make_pipeline(
        FunctionTransformer(deskew),
        FunctionTransformer(_to_unit_scale),
        PCA(num_components, random_state=seed),
        KNeighborsClassifier(num_neighbors, weights="distance", n_jobs=-1),
    )


def _gaussian_svm(gamma: float | str) -> CalibratedClassifierCV:
    """Gives probabilities by one temperature, which is found on the two halves of the training rows."""
    machine = SVC(C=10, gamma=gamma, cache_size=1000)
    return CalibratedClassifierCV(machine, method="temperature", cv=2, ensemble=False, n_jobs=2)


def deskew(pixels: np.ndarray) -> np.ndarray:
    """Shear each image so that its ink stands upright: pixels (n, 784), 0..255, to uint8 (n, 784).

    Source: the second moments of the ink, as LeCun et al. 1998 deslanted MNIST.
    """
    images = pixels.reshape(-1, SIDE, SIDE)
    ink = images.sum(axis=2, dtype=np.float64)  # of each row
    centres = (ink * np.arange(SIDE)).sum(axis=1) / np.maximum(ink.sum(axis=1), 1.0)
    upright = [
        cv2.warpAffine(image, np.array([[1, -slant, slant * centre], [0, 1, 0]]), (SIDE, SIDE), flags=_BACKWARD)
        for image, slant, centre in zip(images.astype(np.uint8), measure_slant(pixels), centres, strict=True)
    ]
    return np.reshape(upright, (len(images), -1))


_BACKWARD = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def compute_hog(pixels: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients (HOG): pixels (n, 784), 0..255, to float32 (n, 1296).

    9 directions in cells of 4x4 pixels; blocks of 2x2 cells, overlapping by half, each of length 1.

    Source: Dalal and Triggs 2005 (CVPR). OpenCV 5 has no HOGDescriptor any more.
    """
    return np.stack([_compute_hog(image) for image in pixels.reshape(-1, SIDE, SIDE).astype(np.float32)])


def _compute_hog(image: np.ndarray) -> np.ndarray:
    strength, angle = cv2.cartToPolar(cv2.Sobel(image, -1, 1, 0, ksize=1), cv2.Sobel(image, -1, 0, 1, ksize=1))
    direction = (angle * (9 / np.pi)).astype(int) % 9  # of the line: its two senses are one
    cell = np.arange(SIDE) // 4
    places = (7 * cell[:, None] + cell) * 9 + direction
    cells = np.bincount(places.ravel(), strength.ravel(), minlength=7 * 7 * 9).reshape(7, 7, 9)
    blocks = np.stack([cells[y : y + 2, x : x + 2].ravel() for y in range(6) for x in range(6)])
    return (blocks / (np.linalg.norm(blocks, axis=1, keepdims=True) + 1.0)).ravel().astype(np.float32)


def compute_pixel_importance(pipeline: Pipeline) -> np.ndarray | None:
    """How much a fitted pipeline of trees relies on each pixel: float64 (28, 28), sum 1; None if there are no trees.

    A principal component hands its importance down to the pixels by the squares of its weights, whose sum is 1.
    """
    importance = getattr(pipeline[-1], "feature_importances_", None)
    if importance is None:
        return None
    for step in reversed(pipeline[:-1]):
        if isinstance(step, PCA):
            importance = importance @ step.components_**2
    return (importance / importance.sum()).reshape(SIDE, SIDE)


def compute_explained_variance(pipeline: Pipeline) -> np.ndarray | None:
    """Share of the variance that the first 1, 2, ... principal components of a fitted pipeline hold; None without."""
    for step in pipeline:
        if isinstance(step, PCA):
            return np.cumsum(step.explained_variance_ratio_)
    return None


def _to_unit_scale(pixels: np.ndarray) -> np.ndarray:
    return pixels / 255.0

"""Classical pipelines of scikit-learn: one function each, from a seed, over flattened pixels 0..255, (n, 784)."""

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from src.common.competition import IMAGE_SIDE
from src.data.image_statistics import measure_slant
from src.models.gradient_features import compute_direction_features
from src.models.image_distortion import ImageDistortionNeighbors

_NUM_ORIENTATIONS = 9
_CELL = 4  # pixels: side of the cells of which histograms of gradients are made
_NUM_CELLS = IMAGE_SIDE // _CELL  # in a row or column of an image
_BLOCK = 2  # cells: side of the overlapping blocks that are normalised together

Pixels = npt.NDArray[np.uint8]
"""(n, 784): flattened images."""


def logistic_pca(seed: int, num_components: int = 150) -> Pipeline:
    """Build PCA and logistic regression: the linear baseline.

    Args:
        seed: of the randomised PCA.
        num_components: principal components that are kept; 150 explain 95 % of the variance.
    """
    return make_pipeline(
        FunctionTransformer(_to_unit_scale), PCA(num_components, random_state=seed), LogisticRegression(max_iter=300)
    )


def forest_pca(seed: int, num_components: int = 50, num_trees: int = 400) -> Pipeline:
    """Build PCA and a random forest.

    Args:
        seed: of the randomised PCA and of the forest.
        num_components: principal components that are kept.
        num_trees: trees of the forest.
    """
    return make_pipeline(
        FunctionTransformer(_to_unit_scale),
        PCA(num_components, random_state=seed),
        RandomForestClassifier(num_trees, n_jobs=-1, random_state=seed),
    )


def svm_pca(seed: int, num_components: int = 50, gamma: float = 0.035) -> Pipeline:
    """Build PCA and a support vector machine with a Gaussian kernel, exp(-gamma * squared distance).

    Args:
        seed: of the randomised PCA.
        num_components: principal components that are kept.
        gamma: of the kernel.
    """
    return make_pipeline(
        FunctionTransformer(_to_unit_scale), PCA(num_components, random_state=seed), _build_gaussian_svm(gamma)
    )


def svm_hog(seed: int, num_components: int = 150) -> Pipeline:
    """Build PCA and a Gaussian support vector machine on histograms of oriented gradients (HOG) instead of pixels.

    Args:
        seed: of the randomised PCA.
        num_components: principal components that are kept.
    """
    return make_pipeline(
        FunctionTransformer(compute_hog), PCA(num_components, random_state=seed), _build_gaussian_svm("scale")
    )


def svm_gradient(_seed: int) -> Pipeline:
    """Build a Gaussian support vector machine on the directions of the gradients of deskewed images.

    Nothing in it is random, so the seed has no effect.
    """
    return make_pipeline(
        FunctionTransformer(deskew), FunctionTransformer(compute_direction_features), _build_gaussian_svm("scale")
    )


def knn(seed: int, num_components: int = 40, num_neighbors: int = 5) -> Pipeline:
    """Build PCA and nearest neighbours, weighted by inverse distance, on deskewed images.

    Args:
        seed: of the randomised PCA.
        num_components: principal components that are kept.
        num_neighbors: neighbours whose labels are averaged.
    """
    return make_pipeline(
        FunctionTransformer(deskew),
        FunctionTransformer(_to_unit_scale),
        PCA(num_components, random_state=seed),
        KNeighborsClassifier(num_neighbors, weights="distance", n_jobs=-1),
    )


def knn_deformation(
    _seed: int,
    num_candidates: int = 300,
    num_per_class: int = 30,
    num_last: int = 10,
    num_neighbors: int = 3,
    exponent: float = 15.0,
) -> Pipeline:
    """Build nearest neighbours by the image distortion model, on deskewed images.

    Nothing in it is random, so the seed has no effect.

    Args:
        num_candidates: images with similar gradients.
        num_per_class: how many of each class are compared by the model, at most.
        num_last: how many of the least similar candidates are compared too, for the distance of absent classes.
        num_neighbors: images of each class whose mean distance is the distance of the class.
        exponent: the probability of a class is proportional to its distance to the power of minus this.
    """
    neighbors = ImageDistortionNeighbors(num_candidates, num_per_class, num_last, num_neighbors, exponent)
    return make_pipeline(FunctionTransformer(deskew), neighbors)


def _build_gaussian_svm(gamma: float | str) -> CalibratedClassifierCV:
    """Build a support vector machine whose scores become probabilities by temperature scaling.

    The temperature is fitted on two-fold cross-validated scores of the training rows; the machine is fitted on all.
    """
    machine = SVC(C=10, gamma=gamma, cache_size=1000)
    return CalibratedClassifierCV(machine, method="temperature", cv=2, ensemble=False, n_jobs=2)


def deskew(pixels: Pixels) -> Pixels:
    """Shear each image so that its slant, see `measure_slant`, becomes 0: uint8 (n, 784) to uint8 (n, 784)."""
    images = pixels.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    row_ink = images.sum(axis=2, dtype=np.float64)
    centers = (row_ink * np.arange(IMAGE_SIDE)).sum(axis=1) / np.maximum(row_ink.sum(axis=1), 1.0)
    deskewed = [
        cv2.warpAffine(
            image,
            np.array([[1, -slant, slant * center], [0, 1, 0]]),
            (IMAGE_SIDE, IMAGE_SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        for image, slant, center in zip(images.astype(np.uint8), measure_slant(pixels), centers, strict=True)
    ]
    return np.reshape(deskewed, (len(images), -1))


def compute_hog(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Compute histograms of oriented gradients (HOG): uint8 (n, 784) to float32 (n, 1296).

    The histograms have 9 orientations, in cells of 4x4 pixels. Blocks of 2x2 cells, which overlap by one cell, are
    divided by their Euclidean norm. Source: Dalal and Triggs 2005, "Histograms of oriented gradients for human
    detection", CVPR.

    OpenCV 5 has no HOGDescriptor, and `skimage.feature.hog` with the same parameters takes three times as long: 179
    instead of 57 microseconds of processor time per image, medians of three runs over 2,000 images.
    """
    images = pixels.reshape(-1, IMAGE_SIDE, IMAGE_SIDE).astype(np.float32)
    return np.stack([_compute_hog(image) for image in images])


def _compute_hog(image: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    magnitude, angle = cv2.cartToPolar(cv2.Sobel(image, -1, 1, 0, ksize=1), cv2.Sobel(image, -1, 0, 1, ksize=1))
    # Opposite gradients have the same orientation.
    orientation = (angle * (_NUM_ORIENTATIONS / np.pi)).astype(int) % _NUM_ORIENTATIONS
    cell = np.arange(IMAGE_SIDE) // _CELL
    bins = (_NUM_CELLS * cell[:, None] + cell) * _NUM_ORIENTATIONS + orientation
    sums = np.bincount(bins.ravel(), magnitude.ravel(), minlength=_NUM_CELLS**2 * _NUM_ORIENTATIONS)
    histograms = sums.reshape(_NUM_CELLS, _NUM_CELLS, _NUM_ORIENTATIONS)
    starts = range(_NUM_CELLS - _BLOCK + 1)
    blocks = np.stack([histograms[y : y + _BLOCK, x : x + _BLOCK].ravel() for y in starts for x in starts])
    # Adding 1 grey level keeps blocks without ink at 0.
    normalized: npt.NDArray[np.float64] = blocks / (np.linalg.norm(blocks, axis=1, keepdims=True) + 1.0)
    return normalized.ravel().astype(np.float32)


def compute_pixel_importance(pipeline: Pipeline) -> npt.NDArray[np.float64] | None:
    """Compute how much the trees of a fitted pipeline rely on each pixel.

    The importance of a principal component is divided among the pixels by its squared weights, whose sum is 1.

    Returns:
        float64 (28, 28) with the sum 1, or None if the pipeline does not end with trees.
    """
    importance = getattr(pipeline[-1], "feature_importances_", None)
    if importance is None:
        return None
    for step in reversed(pipeline[:-1]):
        if isinstance(step, PCA):
            importance = importance @ step.components_**2
    per_pixel: npt.NDArray[np.float64] = (importance / importance.sum()).reshape(IMAGE_SIDE, IMAGE_SIDE)
    return per_pixel


def compute_explained_variance(pipeline: Pipeline) -> npt.NDArray[np.float64] | None:
    """Compute the fraction of the variance that the first 1, 2, ... principal components of a fitted pipeline explain.

    Returns:
        float64 (num_components,), increasing, or None if the pipeline has no PCA.
    """
    for step in pipeline:
        if isinstance(step, PCA):
            return np.cumsum(step.explained_variance_ratio_)
    return None


def _to_unit_scale(pixels: Pixels) -> npt.NDArray[np.float64]:
    return pixels / 255.0

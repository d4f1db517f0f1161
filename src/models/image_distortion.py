"""Nearest neighbours by the image distortion model: when images are compared, each pixel may move a little.

Source: Keysers, Deselaers, Gollan and Ney 2007, "Deformation models for image recognition", IEEE Transactions on
Pattern Analysis and Machine Intelligence 29(8).
"""

from typing import Self

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.neighbors import NearestNeighbors

from src.common.competition import IMAGE_SIDE
from src.models.gradient_features import compute_direction_features, compute_gradients

_SHIFT = 2  # pixels: how far a pixel may move along x and along y
_CONTEXT = 1  # pixels on each side that move together with a pixel: a context of 3x3
_MARGIN = _SHIFT + _CONTEXT
_PITCH = IMAGE_SIDE + _MARGIN  # pixels from one row to the next: the margin behind a row is the one before the next
_LEVELS = 28  # of the gradients, each sign: the largest of which the sum over a context fits into 16 bits
_SOBEL_MAX = 4 * 255
_CHUNK = 40  # images that are compared at once: their arrays stay in the processor's cache
_MIN_PARALLEL = 500  # images: fewer are matched sooner than processes start

Gradients = npt.NDArray[np.int8]
"""(n, 2, 28, 28): gradients along x and y, from -28 to 28."""
Distances = npt.NDArray[np.uint32]


class ImageDistortionNeighbors(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types.
    """Nearest neighbours by the image distortion model, among candidates with similar gradients.

    Only the most similar candidates of each class are compared, and the last ones of all. Most images have candidates
    of one or two classes, so that is a sixth of the work.

    The probability of a class is proportional to a negative power of its distance: the mean distance of its nearest
    images. A class that has too few of them gets the distance of the furthest one for each that is missing.
    """

    def __init__(
        self,
        num_candidates: int = 300,
        num_per_class: int = 30,
        num_last: int = 10,
        num_neighbors: int = 3,
        exponent: float = 15.0,
    ):
        self.num_candidates, self.num_per_class, self.num_last = num_candidates, num_per_class, num_last
        self.num_neighbors, self.exponent = num_neighbors, exponent

    def fit(self, pixels: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> Self:
        """Keep the images, uint8 (n, 784), and labels (n,)."""
        self.classes_, self.labels_ = np.unique(labels), labels
        self.gradients_ = quantize_gradients(pixels)
        num_candidates = min(self.num_candidates, len(pixels))
        self.search_ = NearestNeighbors(n_neighbors=num_candidates, algorithm="brute")
        self.search_.fit(compute_direction_features(pixels))
        return self

    def predict_proba(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Predict class probabilities, float64 (n, number of classes), of uint8 images (n, 784)."""
        candidates = self.search_.kneighbors(compute_direction_features(pixels), return_distance=False)
        labels = self.labels_[candidates]
        compared = self._choose_compared(labels)
        distances = match(quantize_gradients(pixels), self.gradients_, candidates, compared)
        furthest = distances.max(axis=1, keepdims=True)
        of_classes = [np.where(labels == label, distances, furthest) for label in self.classes_]
        nearest = [np.sort(of_class, axis=1)[:, : self.num_neighbors].mean(axis=1) for of_class in of_classes]
        # Adding 1 keeps the logarithm finite where an image is among the neighbours itself.
        proba: npt.NDArray[np.float64] = softmax(-self.exponent * np.log(np.stack(nearest, axis=1) + 1), axis=1)
        return proba

    def _choose_compared(self, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Choose which candidates are compared: bool (n, c) for their labels (n, c), the most similar one first."""
        compared = np.zeros(labels.shape, bool)
        compared[:, -self.num_last :] = True
        for label in self.classes_:
            of_class = labels == label
            compared |= of_class & (of_class.cumsum(axis=1) <= self.num_per_class)
        return compared


def quantize_gradients(pixels: npt.NDArray[np.uint8]) -> Gradients:
    """Compute the gradients of images, uint8 (n, 784), in steps that a comparison in 16 bits can sum."""
    images = pixels.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    gradients = np.empty((len(images), 2, IMAGE_SIDE, IMAGE_SIDE), np.int8)
    for number, image in enumerate(images):
        gradients[number] = np.rint(np.multiply(compute_gradients(image), _LEVELS / _SOBEL_MAX, dtype=np.float32))
    return gradients


def match(
    images: Gradients,
    references: Gradients,
    candidates: npt.NDArray[np.int64],
    compared: npt.NDArray[np.bool_],
) -> Distances:
    """Compute the distances of images to their candidates, on all cores.

    Args:
        images: (n, 2, 28, 28).
        references: (r, 2, 28, 28), of which the candidates are taken.
        candidates: (n, c), their numbers.
        compared: (n, c), which of them are compared, at least one of each image.

    Returns:
        uint32 (n, c), see `measure_distances`; the distance of the furthest one where a candidate is not compared.
    """
    num_jobs = 1 if len(images) < _MIN_PARALLEL else -1
    batches = [slice(start, start + _MIN_PARALLEL) for start in range(0, len(images), _MIN_PARALLEL)]
    matched = Parallel(n_jobs=num_jobs)(
        delayed(_match_batch)(images[batch], references, candidates[batch], compared[batch]) for batch in batches
    )
    return np.concatenate(matched)


def _match_batch(
    images: Gradients,
    references: Gradients,
    candidates: npt.NDArray[np.int64],
    compared: npt.NDArray[np.bool_],
) -> Distances:
    distances = np.empty(candidates.shape, np.uint32)
    for image, numbers, chosen, row in zip(images, candidates, compared, distances, strict=True):
        chunks = np.split(numbers[chosen], range(_CHUNK, chosen.sum(), _CHUNK))
        measured = np.concatenate([measure_distances(image, references[chunk]) for chunk in chunks])
        row[:] = measured.max()
        row[chosen] = measured
    return distances


def measure_distances(image: npt.NDArray[np.int8], references: Gradients) -> Distances:
    """Measure how far an image is from each reference after each pixel has moved to where it fits best.

    The distance is the sum over the pixels of the smallest squared difference between the 3x3 gradients around the
    pixel and the 3x3 gradients around a pixel of the reference that is at most 2 pixels away along x and along y.

    All references are one long row of pixels with margins of 0, and a displacement is an offset in it, so that NumPy
    works on contiguous memory.

    Args:
        image: (2, 28, 28).
        references: (n, 2, 28, 28).

    Returns:
        uint32 (n,).
    """
    fixed, moving = _lay_out(np.broadcast_to(image, references.shape)), _lay_out(references)
    start = _SHIFT * _PITCH + _SHIFT
    length = fixed.shape[1] - 2 * start
    fixed = np.ascontiguousarray(fixed[:, start : start + length])
    along_x, along_y = squares = np.empty((2, length), np.int16)
    pixels, rows, contexts = (np.empty(length - cut, np.uint16) for cut in (0, 2 * _PITCH, 2 * _PITCH + 2))
    smallest = np.full_like(contexts, np.iinfo(np.uint16).max)
    for offset in (y * _PITCH + x for y in range(2 * _SHIFT + 1) for x in range(2 * _SHIFT + 1)):
        np.subtract(moving[:, offset : offset + length], fixed, out=squares)
        np.multiply(squares, squares, out=squares)
        np.add(along_x, along_y, out=pixels.view(np.int16))
        np.add(pixels[: -2 * _PITCH], pixels[_PITCH:-_PITCH], out=rows)
        np.add(rows, pixels[2 * _PITCH :], out=rows)
        np.add(rows[:-2], rows[1:-1], out=contexts)
        np.add(contexts, rows[2:], out=contexts)
        np.minimum(smallest, contexts, out=smallest)
    blocks = np.zeros((len(references), _PITCH, _PITCH), np.uint16)
    blocks.reshape(-1)[: len(smallest)] = smallest
    distances: Distances = blocks[:, :IMAGE_SIDE, :IMAGE_SIDE].sum(axis=(1, 2), dtype=np.uint32)
    return distances


def _lay_out(gradients: Gradients) -> npt.NDArray[np.int16]:
    """Put images behind each other, with margins of 0 between them: (n, 2, 28, 28) to int16 (2, length)."""
    size = len(gradients) * _PITCH**2
    row = np.zeros((2, size + _MARGIN * _PITCH + _MARGIN), np.int16)
    blocks = row[:, :size].reshape(2, len(gradients), _PITCH, _PITCH)
    blocks[:, :, _MARGIN:, _MARGIN:] = gradients.swapaxes(0, 1)
    return row

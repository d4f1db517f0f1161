"""Findings of the data report: duplicates, medoids, outliers, a map of the digits, and drift."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import euclidean_distances, roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

from src.common.arrays import Images, Labels, RowNumbers
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train
from src.data.near_duplicates import find_near_duplicates

NUM_COMPONENTS = 50
NUM_MAPPED = 2000
"""Training images in the map."""
NUM_OUTLIERS = 12
"""Per digit."""
NUM_NEIGHBORS = 5
"""Nearest images of the same digit whose mean distance measures how unusual an image is."""


@dataclass(frozen=True)
class CompetitionImages:
    """All images of the competition and their principal components."""

    images: Images  # uint8 (n + t, 28, 28, 1): the training images, then the test images
    labels: Labels  # int64 (n,)
    components: npt.NDArray[np.float32]  # (n + t, 50)
    explained_variance: npt.NDArray[np.float64]  # (50,): fraction of the variance per component

    @property
    def num_train(self) -> int:
        """Number of training images."""
        return len(self.labels)

    @property
    def num_test(self) -> int:
        """Number of test images."""
        return len(self.images) - len(self.labels)

    def find_rows(self) -> dict[int, RowNumbers]:
        """Find the training rows of each digit that occurs."""
        return {int(digit): np.flatnonzero(self.labels == digit) for digit in np.unique(self.labels)}


class Duplicates(NamedTuple):
    """Pairs of images that are identical or near duplicates, the most similar first."""

    pairs: npt.NDArray[np.int64]  # (p, 2): positions in CompetitionImages.images
    differences: npt.NDArray[np.float64]  # (p,): root mean square over the pixels, grey levels
    num_contradicting: int  # pairs of training images with different labels

    @property
    def num_identical(self) -> int:
        """Number of pairs of identical images."""
        return int((self.differences == 0).sum())

    @property
    def num_near(self) -> int:
        """Number of pairs of near duplicates; identical images are not counted."""
        return int((self.differences > 0).sum())


class DigitMap(NamedTuple):
    """Some training images on a plane where similar images are close together."""

    rows: RowNumbers  # (m,)
    positions: npt.NDArray[np.float32]  # (m, 2): x and y, 0..1


class Drift(NamedTuple):
    """How well a classifier distinguishes test images from training images."""

    auc: float  # area under the ROC curve; 0.5 means no better than chance
    standard_error: float


def load_images(workspace: Workspace) -> CompetitionImages:
    """Read train.csv and test.csv and compute the principal components of all images.

    Raises:
        InputError: a file is missing, damaged or too small for the statistics of the report.
    """
    train_images, labels = load_train(workspace)
    test_images = load_test(workspace)
    for path, num_images in ((workspace.train_csv, len(labels)), (workspace.test_csv, len(test_images))):
        if num_images < NUM_COMPONENTS:
            raise InputError(f"{path} has {num_images} rows; a report needs {NUM_COMPONENTS}, so use a larger file")
    images = np.concatenate([train_images, test_images])
    pixels = images.reshape(len(images), -1).astype(np.float32)
    pca = PCA(NUM_COMPONENTS, svd_solver="covariance_eigh")
    components = pca.fit_transform(pixels)
    return CompetitionImages(images, labels, components, pca.explained_variance_ratio_)


def find_duplicates(data: CompetitionImages) -> dict[str, Duplicates]:
    """Find identical images and near duplicates among the training images, among the test images, and between both.

    Returns:
        Pairs by where their images are, in these words: "among training images", "among test images", "between
        training and test images".
    """
    pairs, differences = find_near_duplicates(data.images)
    order = np.argsort(differences, kind="stable")
    pairs, differences = pairs[order], differences[order]
    num_in_test = (pairs >= data.num_train).sum(axis=1)
    kinds = ("among training images", "between training and test images", "among test images")
    found = {}
    for number, kind in enumerate(kinds):
        chosen = pairs[num_in_test == number]
        # Rows of test.csv have no labels, so only pairs of training images can contradict each other.
        contradicting = int((data.labels[chosen[:, 0]] != data.labels[chosen[:, 1]]).sum()) if number == 0 else 0
        found[kind] = Duplicates(chosen, differences[num_in_test == number], contradicting)
    return found


def map_digits(data: CompetitionImages) -> DigitMap:
    """Place a random selection of training images on a plane with t-SNE."""
    rows = np.sort(np.random.default_rng(0).permutation(data.num_train)[:NUM_MAPPED])
    tsne = TSNE(perplexity=min(30.0, len(rows) / 4), init="pca", random_state=0)
    positions = tsne.fit_transform(data.components[rows])
    return DigitMap(rows, (positions - positions.min(axis=0)) / np.ptp(positions, axis=0))


def find_medoids(data: CompetitionImages) -> dict[int, int]:
    """Find the medoid of each digit: the row whose sum of distances to the other images of the digit is smallest."""
    return {
        digit: int(rows[euclidean_distances(data.components[rows]).sum(axis=1).argmin()])
        for digit, rows in data.find_rows().items()
    }


def find_outliers(data: CompetitionImages) -> dict[int, RowNumbers]:
    """Find the training images of each digit that are farthest from their nearest neighbours of the same digit.

    Returns:
        Row numbers by digit, the farthest first. Digits with too few images for a comparison are left out.
    """
    outliers = {}
    for digit, rows in data.find_rows().items():
        if len(rows) > NUM_NEIGHBORS + 1:
            neighbors = NearestNeighbors(n_neighbors=NUM_NEIGHBORS).fit(data.components[rows])
            distances = neighbors.kneighbors()[0].mean(axis=1)  # Without an argument, no row is its own neighbour.
            outliers[digit] = rows[np.argsort(-distances, kind="stable")[:NUM_OUTLIERS]]
    return outliers


def measure_drift(data: CompetitionImages) -> Drift:
    """Measure by adversarial validation whether test images differ from training images.

    A classifier is trained to distinguish them; its area under the ROC curve is measured by cross-validation. The
    standard error is that of an area of 0.5 (Hanley and McNeil 1982).
    """
    from lightgbm import LGBMClassifier  # Loads the system's libgomp, which may be missing.

    is_test = np.arange(len(data.images)) >= data.num_train
    model = LGBMClassifier(n_estimators=60, num_leaves=15, random_state=0, verbosity=-1, deterministic=True)
    proba = cross_val_predict(model, data.components, is_test, cv=5, method="predict_proba")[:, 1]
    standard_error = ((data.num_test + data.num_train + 1) / (12 * data.num_test * data.num_train)) ** 0.5
    return Drift(float(roc_auc_score(is_test, proba)), standard_error)

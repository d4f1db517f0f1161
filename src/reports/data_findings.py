"""What the data report says: duplicates, outliers, a map, and drift."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from lightgbm import LGBMClassifier
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

from src.common.competition import NUM_CLASSES
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train
from src.data.near_duplicates import find_near_duplicates
from src.reports.pages import embed_images

NUM_COMPONENTS = 50
NUM_MAPPED = 2000  # images in the map
NUM_SHOWN = 12  # pairs, or outliers of a digit


@dataclass(frozen=True)
class Data:
    """All images of the competition, and their principal components."""

    images: np.ndarray  # uint8 (n + t, 28, 28, 1): the training images, then the test images
    labels: np.ndarray  # int64 (n,)
    components: np.ndarray  # float32 (n + t, 50)
    variance: np.ndarray  # float64 (50,): the share of each component

    @property
    def num_train(self) -> int:
        return len(self.labels)


def load_data(workspace: Workspace) -> Data:
    """Read train.csv and test.csv. Raises InputError if one is missing or damaged."""
    train_images, labels = load_train(workspace)
    images = np.concatenate([train_images, load_test(workspace)])
    pixels = images.reshape(len(images), -1).astype(np.float32)
    pca = PCA(NUM_COMPONENTS, svd_solver="covariance_eigh")
    components = pca.fit_transform(pixels)
    return Data(images, labels, components, pca.explained_variance_ratio_)


def find_duplicates(data: Data) -> dict[str, dict[str, Any]]:
    """Numbers of identical and near pairs by where their two images are, and the nearest of them."""
    pairs, distances = find_near_duplicates(data.images)
    in_test = pairs >= data.num_train
    kinds = {
        "within the training images": ~in_test.any(axis=1),
        "within the test images": in_test.all(axis=1),
        "across": in_test[:, 0] != in_test[:, 1],
    }
    found = {}
    for name, chosen in kinds.items():
        nearest = np.argsort(distances[chosen], kind="stable")[:NUM_SHOWN]
        found[name] = {
            "identical": int((distances[chosen] == 0).sum()),
            "near": int((distances[chosen] > 0).sum()),
            "shown": [
                {
                    "image": embed_images(np.hstack(data.images[pair])[None]),
                    "names": [_name(data, row) for row in pair],
                    "distance": float(distance),
                }
                for pair, distance in zip(pairs[chosen][nearest], distances[chosen][nearest], strict=True)
            ],
        }
    within = pairs[kinds["within the training images"]]
    found["within the training images"]["contradicting"] = int(
        (data.labels[within[:, 0]] != data.labels[within[:, 1]]).sum()
    )
    return found


def _name(data: Data, row: int) -> str:
    if row < data.num_train:
        return f"training row {row}: {data.labels[row]}"
    return f"test row {row - data.num_train}"


def map_digits(data: Data) -> dict[str, Any]:
    """Places of some training images in a t-SNE map, 0..1000, with their images in one sheet."""
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(data.num_train)[:NUM_MAPPED])
    places = TSNE(perplexity=min(30.0, len(rows) / 4), init="pca", random_state=0).fit_transform(data.components[rows])
    places = (places - places.min(axis=0)) / np.ptp(places, axis=0)
    columns = int(np.ceil(len(rows) ** 0.5))
    points = [
        {"x": round(1000 * x), "y": round(1000 * y), "digit": int(data.labels[row]), "row": int(row)}
        for (x, y), row in zip(places.tolist(), rows, strict=True)
    ]
    return {"points": points, "sheet": embed_images(data.images[rows], columns), "columns": columns}


def find_outliers(data: Data) -> list[dict[str, Any]]:
    """The images of each digit whose nearest neighbours of the same digit are farthest away."""
    outliers = []
    for digit in range(NUM_CLASSES):
        rows = np.flatnonzero(data.labels == digit)
        if len(rows) < 7:
            continue
        neighbours = NearestNeighbors(n_neighbors=6).fit(data.components[rows])
        distances = neighbours.kneighbors(data.components[rows])[0][:, 1:].mean(axis=1)
        chosen = rows[np.argsort(-distances, kind="stable")[:NUM_SHOWN]]
        shown = [{"image": embed_images(data.images[row][None]), "row": int(row)} for row in chosen]
        outliers.append({"digit": digit, "shown": shown})
    return outliers


def measure_drift(data: Data) -> dict[str, float]:
    """How well a model tells test from training images: the area under its ROC curve, by cross-validation.

    One half means that they are alike; the standard error is that of an area of one half (Hanley and McNeil 1982).
    """
    in_test = np.arange(len(data.images)) >= data.num_train
    model = LGBMClassifier(n_estimators=60, num_leaves=15, random_state=0, verbosity=-1, deterministic=True)
    proba = cross_val_predict(model, data.components, in_test, cv=5, method="predict_proba")[:, 1]
    num_test, num_train = int(in_test.sum()), data.num_train
    error = ((num_test + num_train + 1) / (12 * num_test * num_train)) ** 0.5
    return {"auc": float(roc_auc_score(in_test, proba)), "error": error}

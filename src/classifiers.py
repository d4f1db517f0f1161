"""Fitted models behind one interface: `predict_proba(images)`, `save(path)`, `load(path)`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import joblib
import keras
import numpy as np
from lightgbm import LGBMClassifier

from src.views import View, look

PREDICTION_BATCH = 512  # images at once: bounds the memory, and large enough to keep the cores busy


class Classifier(Protocol):
    """A fitted model."""

    suffix: str
    """Suffix of the saved file."""
    history: Sequence[dict[str, Any]]
    """One entry per epoch (loss, accuracies, seconds); empty where there are no epochs or the model was loaded."""

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Give class probabilities, float32 (n, 10), for uint8 images (n, 28, 28, 1)."""

    def num_parameters(self) -> int:
        """Count the fitted numbers of the model."""

    def save(self, path: Path) -> None:
        """Write the model to `path`, whose suffix is `suffix`."""


class KerasClassifier:
    """A trained Keras model that takes raw pixels and returns probabilities, averaged over `views` of each image.

    One look, the first view, is enough where it gives a digit a greater probability than `sure_above`. The file holds
    the model alone, so a loaded one looks at each image once.
    """

    suffix = ".keras"

    def __init__(
        self,
        model: keras.Model,
        history: Sequence[dict[str, Any]] = (),
        views: Sequence[View] = (View(),),
        sure_above: float = 1.0,
    ):
        self.model, self.history, self.views, self.sure_above = model, history, views, sure_above

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        return look(self._predict, images, self.views, self.sure_above)

    def _predict(self, images: np.ndarray) -> np.ndarray:
        # Not model.predict: its tf.data pipeline can take seconds to shut down after each call.
        batches = np.split(images, range(PREDICTION_BATCH, len(images), PREDICTION_BATCH))
        return np.concatenate([self._predict_batch(batch) for batch in batches])

    def _predict_batch(self, images: np.ndarray) -> np.ndarray:
        # Filled up to a power of two, as backends compile the model anew for each size.
        filled = np.zeros((1 << (len(images) - 1).bit_length(), *images.shape[1:]), images.dtype)
        filled[: len(images)] = images
        return self.model.predict_on_batch(filled)[: len(images)]

    def num_parameters(self) -> int:
        return self.model.count_params()

    def save(self, path: Path) -> None:
        self.model.save(path)

    @classmethod
    def load(cls, path: Path) -> "KerasClassifier":
        """Read a saved model, on any Keras backend."""
        return cls(keras.models.load_model(path, compile=False))


class SklearnClassifier:
    """A fitted scikit-learn pipeline over flattened pixels."""

    suffix = ".joblib"

    def __init__(self, pipeline: Any, history: Sequence[dict[str, Any]] = ()):
        self.pipeline, self.history = pipeline, history

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        return self.pipeline.predict_proba(images.reshape(len(images), -1)).astype(np.float32)

    def num_parameters(self) -> int:
        return _count_numbers(self.pipeline)

    def save(self, path: Path) -> None:
        joblib.dump(self.pipeline, path, compress=3)

    @classmethod
    def load(cls, path: Path) -> "SklearnClassifier":
        """Read a saved pipeline; only ever load files that you made, joblib files can run code."""
        return cls(joblib.load(path))


def load_classifier(path: Path) -> Classifier:
    """Read a saved model of any kind; see `SklearnClassifier.load` for whom to trust."""
    kinds = {kind.suffix: kind for kind in (KerasClassifier, SklearnClassifier)}
    return kinds[path.suffix].load(path)


def _count_numbers(value: Any) -> int:
    """Count the elements of all arrays in an estimator of scikit-learn or LightGBM, the nodes of trees among them."""
    if isinstance(value, np.ndarray):
        return value.size
    if isinstance(value, LGBMClassifier):
        return sum(2 * tree["num_leaves"] - 1 for tree in value.booster_.dump_model()["tree_info"])
    if type(value).__module__.startswith("sklearn."):
        value = value.__getstate__()
    if isinstance(value, dict):
        value = list(value.values())
    return sum(map(_count_numbers, value)) if isinstance(value, list | tuple) else 0

"""Fitted models with one interface: `predict_proba(images)`, `save(path)`, `load_classifier(path)`."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol, Self

import joblib
import keras
import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from src.common.arrays import Images, Proba
from src.common.competition import NUM_CLASSES
from src.images.normalization import MomentNormalization
from src.images.test_time_augmentation import TTA

PREDICTION_BATCH = 512
"""Images predicted at once: bounds the memory, and is large enough to keep the cores busy."""
_ENTRY = "classifier.json"
"""Entry of a .keras file, which is a zip: the kind of classifier, its TTA and normalisation. Keras ignores it."""


class Classifier(Protocol):
    """A fitted model."""

    suffix: str
    """Suffix of the saved file."""
    history: Sequence[dict[str, float]]
    """One entry per epoch (loss, accuracies, seconds); empty if there are no epochs or the model was loaded."""

    def predict_proba(self, images: Images) -> Proba:
        """Predict class probabilities, float32 (n, 10), of uint8 images (n, 28, 28, 1)."""

    def without_tta(self) -> "Classifier":
        """Return the same model without test-time augmentation."""

    def num_parameters(self) -> int:
        """Count the fitted numbers of the model."""

    def save(self, path: Path) -> None:
        """Write the model to `path`, whose suffix is `suffix`; `load_classifier` reads it back."""


class KerasClassifier:
    """A trained Keras network that takes pixels 0..255 and returns probabilities, with or without TTA.

    If there is a normalisation, images are normalised before anything else, TTA included: `model` alone expects
    normalised images.
    """

    suffix = ".keras"

    def __init__(
        self,
        model: keras.Model,
        history: Sequence[dict[str, float]] = (),
        tta: TTA | None = None,
        normalization: MomentNormalization | None = None,
    ):
        self.model, self.history, self.tta, self.normalization = model, history, tta, normalization

    def predict_proba(self, images: Images) -> Proba:
        """Predict class probabilities, float32 (n, 10), of uint8 images (n, 28, 28, 1)."""
        if self.normalization is not None:
            images = self.normalization.apply(images)
        return self._predict_once(images) if self.tta is None else self.tta.predict(self._predict_once, images)

    def _predict_once(self, images: Images) -> Proba:
        proba: Proba = predict_in_batches(self.model, images)
        return proba

    def without_tta(self) -> "KerasClassifier":
        """Return the same model without test-time augmentation."""
        return type(self)(self.model, self.history, normalization=self.normalization)

    def num_parameters(self) -> int:
        """Count the weights."""
        return int(self.model.count_params())

    def save(self, path: Path) -> None:
        """Write a .keras file, which Keras itself loads too; an additional entry has TTA and normalisation."""
        self.model.save(path)
        steps = {"tta": self.tta, "normalization": self.normalization}
        entry = {"kind": type(self).__name__} | {name: step and asdict(step) for name, step in steps.items()}
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(_ENTRY, json.dumps(entry))


class LineClassifier(KerasClassifier):
    """A network that recognises whole lines of digits, used on images of one digit: each image is a line."""

    def _predict_once(self, images: Images) -> Proba:
        """Sum, for each digit, the probabilities that a column is the centre of it, and normalise."""
        digits = predict_in_batches(self.model, images)[..., :NUM_CLASSES].sum(axis=1)
        proba: Proba = digits / digits.sum(axis=1, keepdims=True)
        return proba


def predict_in_batches(
    model: keras.Model, images: Images, batch_size: int = PREDICTION_BATCH
) -> npt.NDArray[np.float32]:
    """Compute the output of a model for images, uint8 (n, h, w, 1), batch by batch: float32 (n, ...).

    Not `model.predict`, whose tf.data pipeline can take seconds to shut down after each call.
    """
    batches = np.split(images, range(batch_size, len(images), batch_size))
    return np.concatenate([_predict_batch(model, batch) for batch in batches])


def _predict_batch(model: keras.Model, images: Images) -> npt.NDArray[np.float32]:
    # Filled up to a power of two, as backends compile the model again for each batch size.
    filled = np.zeros((1 << (len(images) - 1).bit_length(), *images.shape[1:]), images.dtype)
    filled[: len(images)] = images
    return np.asarray(model.predict_on_batch(filled)[: len(images)])


class SklearnClassifier:
    """A fitted scikit-learn pipeline over flattened pixels."""

    suffix = ".joblib"

    def __init__(self, pipeline: Pipeline, history: Sequence[dict[str, float]] = ()):
        self.pipeline, self.history = pipeline, history

    def predict_proba(self, images: Images) -> Proba:
        """Predict class probabilities, float32 (n, 10), of uint8 images (n, 28, 28, 1)."""
        proba: Proba = self.pipeline.predict_proba(images.reshape(len(images), -1)).astype(np.float32)
        return proba

    def without_tta(self) -> Self:
        """Return itself: it has no test-time augmentation."""
        return self

    def num_parameters(self) -> int:
        """Count the elements of all arrays and the nodes of all trees."""
        return _count_numbers(self.pipeline)

    def save(self, path: Path) -> None:
        """Write the pipeline with joblib."""
        joblib.dump(self.pipeline, path, compress=3)


def load_classifier(path: Path) -> Classifier:
    """Read a saved model of any kind, Keras models on any backend.

    Only load files that you trust: a .joblib file can run code when it is loaded.
    """
    return SklearnClassifier(joblib.load(path)) if path.suffix == SklearnClassifier.suffix else load_network(path)


def load_network(path: Path) -> KerasClassifier:
    """Read a .keras file that a classifier has saved, with its TTA and normalisation."""
    with zipfile.ZipFile(path) as archive:
        entry = json.loads(archive.read(_ENTRY))
    kinds = {kind.__name__: kind for kind in (KerasClassifier, LineClassifier)}
    tta = None if entry["tta"] is None else TTA(**{name: _to_tuple(value) for name, value in entry["tta"].items()})
    saved = entry.get("normalization")  # Files written before there was normalisation lack it.
    normalization = None if saved is None else MomentNormalization(**saved)
    model = keras.models.load_model(path, compile=False)
    return kinds[entry["kind"]](model, tta=tta, normalization=normalization)


def _to_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _count_numbers(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.size
    if type(value).__module__.startswith("lightgbm."):
        return sum(2 * tree["num_leaves"] - 1 for tree in value.booster_.dump_model()["tree_info"])
    if type(value).__module__.startswith(("sklearn.", "src.")):
        value = value.__getstate__()
    if isinstance(value, dict):
        value = list(value.values())
    return sum(map(_count_numbers, value)) if isinstance(value, list | tuple) else 0

"""Write a trained network as ONNX and LiteRT, and compare the files with the network."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import keras
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images, LabelledImages, Proba
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.metrics import accuracy
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.data.folds import require_fold
from src.models.classifiers import KerasClassifier, LineClassifier, predict_in_batches
from src.models.onnx_files import Predict, open_onnx, write_onnx
from src.training.backend import describe_backend
from src.validation.fold_results import load_fold_record, train_command
from src.validation.fold_tasks import load_fold_classifier

NUM_CALIBRATION_IMAGES = 500
"""Training images from which int8 quantisation learns the range of each activation."""
NUM_TIMED_IMAGES = 300


@dataclass(frozen=True)
class ExportedFile:
    """A file, and its results on the validation part of its fold."""

    path: Path
    num_bytes: int
    agreement: float  # fraction of the images for which network and file predict the same digit
    accuracy: float
    microseconds: float  # median time for one image on one thread
    num_images: int


def export(experiment: str, fold: int, dataset: Dataset, workspace: Workspace) -> list[ExportedFile]:
    """Write fold_k.onnx, fold_k.tflite and fold_k_int8.tflite beside the network, and measure them on held-out images.

    Args:
        experiment: the name of a trained network.
        fold: the fold whose model is exported.
        dataset: the rows; the validation part of the fold is measured.
        workspace: where the network is and the files go.

    Raises:
        InputError: the fold has no trained network for single images, or Keras runs on another backend than TensorFlow.
    """
    if describe_backend()["backend"] != "tensorflow":
        raise InputError("networks are exported through TensorFlow; run again with KERAS_BACKEND=tensorflow")
    require_fold(fold, dataset.folds, workspace)
    model = _load_model(experiment, fold, workspace)
    train_rows, valid_rows = dataset.folds.split(fold)
    valid = LabelledImages(dataset.images[valid_rows], dataset.labels[valid_rows])
    expected = predict_in_batches(model, valid.images)
    calibration_images = dataset.images[train_rows[:NUM_CALIBRATION_IMAGES]]
    writers: dict[str, Callable[[Path], None]] = {
        ".onnx": partial(write_onnx, model),
        ".tflite": partial(write_litert, model),
        "_int8.tflite": partial(write_litert, model, calibration_images=calibration_images),
    }
    exported = []
    for suffix, write in writers.items():
        path = workspace.fold_path(experiment, fold, suffix)
        with atomic_write(path) as temporary:
            write(temporary)
        exported.append(_measure(path, valid, expected))
    return exported


def _load_model(experiment: str, fold: int, workspace: Workspace) -> keras.Model:
    path = workspace.fold_path(experiment, fold, KerasClassifier.suffix)
    if load_fold_record(workspace, experiment, fold) is None or not path.exists():
        raise InputError(
            f"there is no network in {path}; if the experiment is a network, train it: "
            f"{train_command(experiment, fold)}"
        )
    classifier = cast(KerasClassifier, load_fold_classifier(workspace, experiment, fold))
    if isinstance(classifier, LineClassifier):
        raise InputError(
            f"{experiment} is a line network; write it with another command: python -m scripts.release {experiment}"
        )
    if classifier.normalization is not None:
        raise InputError(
            f"{experiment} normalises images before its network sees them, which a network file cannot do; export an "
            "experiment without normalization"
        )
    return classifier.model


def write_litert(model: keras.Model, path: Path, calibration_images: Images | None = None) -> None:
    """Write a network for LiteRT: in float32, or with calibration images, uint8 (n, 28, 28, 1), in int8."""
    import tensorflow as tf  # Not above: with another backend it may not be installed, and `export` says so.

    options: dict[str, Any] = {}
    if calibration_images is not None:
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["representative_dataset"] = lambda: ([image[None].astype(np.float32)] for image in calibration_images)
    model.export(path, format="litert", verbose=False, **options)


def open_litert(path: Path) -> Predict:
    """Open a LiteRT file on one thread. The function that is returned predicts one image after the other."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()

    def predict(images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        proba = np.empty((len(images), *result["shape"][1:]), np.float32)
        for number, image in enumerate(images.astype(np.float32)):
            interpreter.set_tensor(source["index"], image[None])
            interpreter.invoke()
            proba[number] = interpreter.get_tensor(result["index"])[0]
        return proba

    return predict


def _measure(path: Path, valid: LabelledImages, expected: Proba) -> ExportedFile:
    predict = open_onnx(path) if path.suffix == ".onnx" else open_litert(path)
    parts = np.array_split(valid.images, -(-len(valid.images) // NUM_TIMED_IMAGES))  # All at once would take gigabytes.
    proba = np.concatenate([predict(part) for part in parts])
    seconds = []
    for image in valid.images[:NUM_TIMED_IMAGES]:
        started = time.perf_counter()
        predict(image[None])
        seconds.append(time.perf_counter() - started)
    return ExportedFile(
        path=path,
        num_bytes=path.stat().st_size,
        agreement=float((proba.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        accuracy=accuracy(valid.labels, proba),
        microseconds=1e6 * float(np.median(seconds)),
        num_images=len(valid.labels),
    )

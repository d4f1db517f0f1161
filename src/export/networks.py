"""Write a trained network as ONNX and LiteRT, and check that the files say what the network says."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from src.common.competition import IMAGE_SHAPE
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.metrics import accuracy
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.models.classifiers import KerasClassifier
from src.validation.fold_results import load_fold_record, train_command

NUM_CALIBRATION = 500  # training images that tell int8 the range of each activation
NUM_TIMED = 300  # images, one after the other

Predict = Callable[[np.ndarray], np.ndarray]
"""Probabilities, float32 (n, 10), of raw images, (n, 28, 28, 1)."""


@dataclass(frozen=True)
class ExportedFile:
    """A file, and how it did on the validation part of its fold."""

    path: Path
    num_bytes: int
    agreement: float  # share of the images to which network and file give the same digit
    accuracy: float
    microseconds: float  # for one image on one thread, median
    num_images: int


def export(experiment: str, fold: int, dataset: Dataset, workspace: Workspace) -> list[ExportedFile]:
    """Write fold_k.onnx, fold_k.tflite and fold_k_int8.tflite beside the network, and try them on held-out images.

    Raises:
        InputError: the fold has no trained Keras network, or Keras runs on another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise InputError("networks are exported through TensorFlow; run again with KERAS_BACKEND=tensorflow")
    model = _load(experiment, fold, workspace)
    train_rows, valid_rows = dataset.folds.split(fold)
    images, labels = dataset.images[valid_rows], dataset.labels[valid_rows]
    expected = KerasClassifier(model).predict_proba(images)
    calibration = dataset.images[train_rows[:NUM_CALIBRATION]]
    writers: dict[str, Callable[[Path], None]] = {
        ".onnx": partial(write_onnx, model),
        ".tflite": partial(write_litert, model),
        "_int8.tflite": partial(write_litert, model, calibration=calibration),
    }
    exported = []
    for suffix, write in writers.items():
        path = workspace.fold_path(experiment, fold, suffix)
        with atomic_write(path) as temporary:
            write(temporary)
        exported.append(_try(path, images, labels, expected))
    return exported


def _load(experiment: str, fold: int, workspace: Workspace) -> keras.Model:
    path = workspace.fold_path(experiment, fold, KerasClassifier.suffix)
    if load_fold_record(workspace, experiment, fold) is None or not path.exists():
        raise InputError(f"there is no network in {path}; train it, if it is one: {train_command(experiment, fold)}")
    return KerasClassifier.load(path).model


def write_onnx(model: keras.Model, path: Path) -> None:
    """Write a network for ONNX Runtime; any number of images at once."""
    shape = [size or IMAGE_SHAPE[1] for size in model.input_shape[1:]]  # strips are of any width
    model.predict_on_batch(np.zeros((1, *shape), np.float32))  # Keras exports only what was called
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of NumPy, for tf2onnx
        model.export(path, format="onnx", verbose=False)


def write_litert(model: keras.Model, path: Path, calibration: np.ndarray | None = None) -> None:
    """Write a network for LiteRT: in float32, or with `calibration` images, uint8 (n, 28, 28, 1), in int8."""
    options: dict[str, Any] = {}
    if calibration is not None:
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["representative_dataset"] = lambda: ([image[None].astype(np.float32)] for image in calibration)
    model.export(path, format="litert", verbose=False, **options)


def _try(path: Path, images: np.ndarray, labels: np.ndarray, expected: np.ndarray) -> ExportedFile:
    predict = open_onnx(path) if path.suffix == ".onnx" else open_litert(path)
    proba = predict(images)
    seconds = []
    for image in images[:NUM_TIMED]:
        started = time.perf_counter()
        predict(image[None])
        seconds.append(time.perf_counter() - started)
    return ExportedFile(
        path=path,
        num_bytes=path.stat().st_size,
        agreement=float((proba.argmax(axis=1) == expected.argmax(axis=1)).mean()),
        accuracy=accuracy(labels, proba),
        microseconds=1e6 * float(np.median(seconds)),
        num_images=len(labels),
    )


def open_onnx(path: Path) -> Predict:
    """Open an ONNX file on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images.astype(np.float32)})[0]


def open_litert(path: Path) -> Predict:
    """Open a LiteRT file on one thread; it takes one image at a time."""
    interpreter = Interpreter(str(path), num_threads=1)
    interpreter.allocate_tensors()
    (source,), (result,) = interpreter.get_input_details(), interpreter.get_output_details()

    def predict(images: np.ndarray) -> np.ndarray:
        proba = np.empty((len(images), *result["shape"][1:]), np.float32)
        for i, image in enumerate(images.astype(np.float32)):
            interpreter.set_tensor(source["index"], image[None])
            interpreter.invoke()
            proba[i] = interpreter.get_tensor(result["index"])[0]
        return proba

    return predict

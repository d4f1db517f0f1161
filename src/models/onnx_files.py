"""ONNX files: written from Keras networks, opened with ONNX Runtime.

Imports neither Keras nor TensorFlow, so that the app can use it.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from src.common.competition import IMAGE_SIDE

if TYPE_CHECKING:
    import keras

Predict = Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
"""Maps raw pixels, (n, 28, w, 1), to the output of a network: probabilities, float32 (n, 10) or (n, w / 2, 11)."""


def write_onnx(model: "keras.Model", path: Path) -> None:
    """Write a network for ONNX Runtime; it takes any number of images at once, and lines of any width."""
    shape = [size or IMAGE_SIDE for size in model.input_shape[1:]]
    model.predict_on_batch(np.zeros((1, *shape), np.float32))  # Keras exports only what was called before.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # NumPy's, about tf2onnx.
        model.export(path, format="onnx", verbose=False)


def open_onnx(path: Path) -> Predict:
    """Open an ONNX file; the function that is returned is safe to use from several threads.

    It computes on one thread: a digit takes less than a millisecond, so more threads would only wait for each other.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def predict(images: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        output: npt.NDArray[np.float32] = session.run(None, {name: images.astype(np.float32)})[0]
        return output

    return predict

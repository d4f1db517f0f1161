"""Read the digit of a picture with the tracked networks, on ONNX Runtime."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from src.app.vision.components import Box
from src.app.vision.decoding import open_picture, read_width
from src.app.vision.numbers import Networks, Part, find_digits
from src.app.vision.preprocessing import Digit, find_digit
from src.common.workspace import APP_WEIGHTS_DIR
from src.images.test_time_augmentation import SURE, VIEWS, look

MIN_CONFIDENCE = 0.25  # a guess that is less sure than this is no answer


@dataclass(frozen=True)
class Reading:
    """What a picture says."""

    digit: int | None  # None where there is no digit, or none that the network is sure enough of
    confidence: float  # the digit's probability; 0 without one
    probabilities: list[float]  # of the digits 0 to 9; zeros where there is nothing like a digit
    image: np.ndarray | None  # uint8 (28, 28, 1): what the network saw, if anything
    box: Box | None  # where that is in the picture: left, top, right, bottom


@dataclass(frozen=True)
class Number:
    """What a picture of several digits says."""

    lines: list[list[Reading]]  # from the top, each from the left; none is empty, and each reading has a digit
    confidence: float  # that all is read and right, if digits are independent; 0 without any

    @property
    def digits(self) -> list[Reading]:
        return [reading for line in self.lines for reading in line]

    @property
    def text(self) -> str:
        """The digits, a line of them below another."""
        return "\n".join("".join(str(reading.digit) for reading in line) for line in self.lines)


NO_DIGIT = Reading(None, 0.0, [0.0] * 10, None, None)


class Recognizer:
    """A network, the tracked one by default, and for numbers the tracked one that reads strips; safe to use from
    several threads."""

    def __init__(self, path: Path = APP_WEIGHTS_DIR / "reader.onnx"):
        self._networks = Networks(_open(path), lambda strip: _open_strips()(strip[None])[0])

    def predict_proba(self, images: np.ndarray) -> np.ndarray:
        """Give class probabilities, float32 (n, 10), for images as in train.csv, uint8 (n, 28, 28, 1)."""
        return look(self.predict_once, images, VIEWS, SURE)

    def predict_once(self, images: np.ndarray) -> np.ndarray:
        """The same from one look at each image, for those who ask about many."""
        return self._networks.predict(images)

    def read(self, pictures: Iterable[np.ndarray]) -> list[Reading]:
        """Read pictures, uint8 RGB (h, w, 3), each of its own size, one digit each."""
        return self._read_digits([find_digit(picture) for picture in pictures])

    def read_number(self, picture: np.ndarray) -> Number:
        """Read a picture, uint8 RGB (h, w, 3), that shows a number, or several below one another."""
        lines = [self._read_parts(line) for line in find_digits(picture, self._networks)]
        sure = [[reading for reading in line if reading.digit is not None] for line in lines]
        # What is left out may have been a digit.
        confidence = prod(max(reading.probabilities) for line in lines for reading in line)
        return Number([line for line in sure if line], confidence if any(sure) else 0.0)

    def _read_digits(self, digits: Sequence[Digit | None]) -> list[Reading]:
        found = [digit for digit in digits if digit is not None]
        proba = iter(self.predict_proba(np.stack([digit.image for digit in found])) if found else ())
        return [NO_DIGIT if digit is None else _make_reading(next(proba), digit.image, digit.box) for digit in digits]

    def _read_parts(self, parts: Sequence[Part]) -> list[Reading]:
        """A digit that touches others is looked at alone and among them."""
        proba = self.predict_proba(np.stack([part.digit.image for part in parts]))
        means = [one if part.proba is None else (one + part.proba) / 2 for part, one in zip(parts, proba, strict=True)]
        return [_make_reading(mean, part.digit.image, part.digit.box) for part, mean in zip(parts, means, strict=True)]

    def read_image(self, image: np.ndarray) -> Reading:
        """Read an image as in train.csv, uint8 (28, 28, 1), as it is."""
        return _make_reading(self.predict_proba(image[None])[0], image, None)


def _open(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """A network as a function of images, (n, 28, w, 1)."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a digit takes less than a millisecond: more threads would only wait
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda images: session.run(None, {name: images.astype(np.float32)})[0]


@cache
def _open_strips() -> Callable[[np.ndarray], np.ndarray]:
    return _open(APP_WEIGHTS_DIR / "strips.onnx")


def _make_reading(proba: np.ndarray, image: np.ndarray, box: Box | None) -> Reading:
    sure = proba.max() >= MIN_CONFIDENCE
    return Reading(
        int(proba.argmax()) if sure else None, float(proba.max()) if sure else 0.0, proba.tolist(), image, box
    )


@cache
def get_recognizer() -> Recognizer:
    """The tracked network, loaded once in a process."""
    return Recognizer()


def read_files(files: Sequence[bytes]) -> list[Reading]:
    """Read picture files, one digit each, with the tracked network.

    Raises:
        InputError: one of them cannot be opened; see `open_picture`.
    """
    return get_recognizer().read(open_picture(data) for data in files)


def read_number_files(files: Sequence[bytes]) -> list[Number]:
    """The same for pictures of several digits; boxes are in the pixels of the file, held upright."""
    return [_read_number_file(data) for data in files]


def _read_number_file(data: bytes) -> Number:
    picture = open_picture(data)
    number = get_recognizer().read_number(picture)
    factor = read_width(data) / picture.shape[1]
    lines = [[replace(one, box=_scale(one.box, factor)) for one in line] for line in number.lines]
    return Number(lines, number.confidence)


def _scale(box: Box | None, factor: float) -> Box | None:
    return None if box is None else (
        round(factor * box[0]), round(factor * box[1]), round(factor * box[2]), round(factor * box[3])
    )  # fmt: skip


@cache
def load_record() -> dict[str, Any]:
    """What is known of the tracked network: experiment, OOF accuracy, size, data it learned from; under `strips`, the
    same of the one that tells apart digits that touch."""
    reader, strips = (json.loads((APP_WEIGHTS_DIR / f"{name}.json").read_text()) for name in ("reader", "strips"))
    return reader | {"strips": strips}

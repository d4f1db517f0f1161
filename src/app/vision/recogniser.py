"""Recognise the digits of pictures with the tracked networks, on ONNX Runtime."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from src.app.vision.components import Box
from src.app.vision.decoding import decode_picture, read_width
from src.app.vision.numbers import Networks, Part, find_digits
from src.app.vision.preprocessing import Digit, find_digit
from src.common.arrays import Images, Proba
from src.common.workspace import APP_WEIGHTS_DIR
from src.images.test_time_augmentation import TTA
from src.models.onnx_files import Predict, open_onnx

MIN_CONFIDENCE = 0.25
"""Predictions with a lower confidence count as no digit."""


@dataclass(frozen=True)
class DigitPrediction:
    """The digit that a picture shows."""

    digit: int | None  # None if there is no digit, or if the confidence is below MIN_CONFIDENCE
    confidence: float  # probability of the digit; 0 without one
    probabilities: list[float]  # of the digits 0 to 9; zeros if nothing like a digit was found
    image: np.ndarray | None  # uint8 (28, 28, 1): the input of the network, if anything was found
    box: Box | None  # where the digit is in the picture: left, top, right, bottom


@dataclass(frozen=True)
class NumberPrediction:
    """The digits that a picture of a number, or of several numbers below each other, shows."""

    lines: list[list[DigitPrediction]]  # from top to bottom, each from left to right; no line is empty, no digit None
    confidence: float  # product of the digits' probabilities; 0 without any

    @property
    def digits(self) -> list[DigitPrediction]:
        """All digits in reading order."""
        return [digit for line in self.lines for digit in line]

    @property
    def text(self) -> str:
        """The digits as text, one line of it per line of the picture."""
        return "\n".join("".join(str(prediction.digit) for prediction in line) for line in self.lines)


_NO_DIGIT = DigitPrediction(None, 0.0, [0.0] * 10, None, None)


class Recogniser:
    """A network for single digits, and the tracked one that divides touching digits; safe to use from several threads.

    Args:
        path: ONNX file of the network for single digits.
    """

    def __init__(self, path: Path = APP_WEIGHTS_DIR / "recogniser.onnx"):
        self._networks = Networks(open_onnx(path), lambda line: _open_line_network()(line[None])[0])

    def predict_proba(self, images: Images) -> Proba:
        """Predict class probabilities with test-time augmentation: float32 (n, 10) for uint8 (n, 28, 28, 1)."""
        return TTA().predict(self.predict_proba_without_tta, images)

    def predict_proba_without_tta(self, images: Images) -> Proba:
        """Predict class probabilities from each image alone: float32 (n, 10) for uint8 (n, 28, 28, 1)."""
        return self._networks.predict(images)

    def recognise_image(self, image: np.ndarray) -> DigitPrediction:
        """Recognise the digit of an image as in train.csv, uint8 (28, 28, 1), without any preprocessing."""
        return _make_prediction(self.predict_proba(image[None])[0], image, None)

    def recognise_digits(self, pictures: Iterable[np.ndarray]) -> list[DigitPrediction]:
        """Recognise one digit in each picture, uint8 RGB (h, w, 3); pictures may differ in size."""
        return self._recognise([find_digit(picture) for picture in pictures])

    def recognise_number(self, picture: np.ndarray) -> NumberPrediction:
        """Recognise all digits of a picture, uint8 RGB (h, w, 3), which may stand in several lines."""
        lines = [self._recognise_parts(line) for line in find_digits(picture, self._networks)]
        sure = [[prediction for prediction in line if prediction.digit is not None] for line in lines]
        # What is left out may have been a digit, so it lowers the confidence.
        confidence = prod(max(prediction.probabilities) for line in lines for prediction in line)
        return NumberPrediction([line for line in sure if line], confidence if any(sure) else 0.0)

    def _recognise(self, digits: Sequence[Digit | None]) -> list[DigitPrediction]:
        found = [digit for digit in digits if digit is not None]
        proba = iter(self.predict_proba(np.stack([digit.image for digit in found])) if found else ())
        return [_NO_DIGIT if digit is None else _make_prediction(next(proba), digit.image, digit.box) for digit in digits]

    def _recognise_parts(self, parts: Sequence[Part]) -> list[DigitPrediction]:
        proba = self.predict_proba(np.stack([part.digit.image for part in parts]))
        means = [one if part.proba is None else (one + part.proba) / 2 for part, one in zip(parts, proba, strict=True)]
        return [
            _make_prediction(mean, part.digit.image, part.digit.box) for part, mean in zip(parts, means, strict=True)
        ]


@cache
def _open_line_network() -> Predict:
    return open_onnx(APP_WEIGHTS_DIR / "touching_digits.onnx")


def _make_prediction(proba: np.ndarray, image: np.ndarray, box: Box | None) -> DigitPrediction:
    sure = proba.max() >= MIN_CONFIDENCE
    return DigitPrediction(
        int(proba.argmax()) if sure else None, float(proba.max()) if sure else 0.0, proba.tolist(), image, box
    )


@cache
def get_recogniser() -> Recogniser:
    """Return the recogniser with the tracked network, loaded once per process."""
    return Recogniser()


def recognise_digit_files(files: Sequence[bytes]) -> list[DigitPrediction]:
    """Recognise one digit in each picture file with the tracked network.

    Raises:
        InputError: a file cannot be decoded; see `decode_picture`.
    """
    return get_recogniser().recognise_digits(decode_picture(data) for data in files)


def recognise_number_files(files: Sequence[bytes]) -> list[NumberPrediction]:
    """Recognise all digits in each picture file with the tracked networks.

    Returns:
        One prediction per file; boxes are in pixels of the file's picture, held upright.

    Raises:
        InputError: a file cannot be decoded; see `decode_picture`.
    """
    return [_recognise_number_file(data) for data in files]


def _recognise_number_file(data: bytes) -> NumberPrediction:
    picture = decode_picture(data)
    number = get_recogniser().recognise_number(picture)
    factor = read_width(data) / picture.shape[1]
    lines = [[replace(one, box=_scale(one.box, factor)) for one in line] for line in number.lines]
    return NumberPrediction(lines, number.confidence)


def _scale(box: Box | None, factor: float) -> Box | None:
    return None if box is None else (
        round(factor * box[0]), round(factor * box[1]), round(factor * box[2]), round(factor * box[3])
    )  # fmt: skip


@cache
def load_network_records() -> dict[str, Any]:
    """Load what is known of the tracked networks: experiment, accuracy, size, data and recipe of their training.

    Returns:
        The record of the network for single digits; under `touching_digits`, that of the network for touching digits.
    """
    digits, lines = (
        json.loads((APP_WEIGHTS_DIR / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("recogniser", "touching_digits")
    )
    return {**digits, "touching_digits": lines}

"""Recognise the digits of pictures with the tracked networks, on ONNX Runtime."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Box, Picture
from src.app.vision.division import Networks, predict_digits
from src.app.vision.numbers import has_plain_border, read_number
from src.app.vision.preprocessing import Digit, find_digits
from src.app.vision.signs import Sign
from src.common.arrays import Images, Proba
from src.common.workspace import APP_WEIGHTS_DIR
from src.data.image_statistics import measure_slant
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
    image: npt.NDArray[np.uint8] | None  # uint8 (28, 28, 1): the input of the network, if anything was found
    box: Box | None  # where the digit is in the picture: left, top, right, bottom
    hypothesis: str | None = None  # how ink and background were told apart
    alternatives: "Sequence[DigitPrediction]" = ()  # of the other hypotheses, the most credible one first

    @property
    def text(self) -> str:
        """The digit as text; empty without one."""
        return "" if self.digit is None else str(self.digit)


@dataclass(frozen=True)
class NumberPrediction:
    """The digits and signs that a picture of a number, or of several numbers below each other, shows."""

    lines: list[list[DigitPrediction | Sign]]  # from top to bottom, each from left to right, with a digit at least
    confidence: float  # product of the digits' probabilities, about halved if something was not read; 0 without digits
    unread: Sequence[Box] = ()  # ink of a digit's size that was not read

    @property
    def digits(self) -> list[DigitPrediction]:
        """All digits in reading order."""
        return [symbol for line in self.lines for symbol in line if isinstance(symbol, DigitPrediction)]

    @property
    def signs(self) -> list[Sign]:
        """All signs in reading order."""
        return [symbol for line in self.lines for symbol in line if isinstance(symbol, Sign)]

    @property
    def text(self) -> str:
        """The digits and signs as text, one line of it per line of the picture."""
        return "\n".join("".join(symbol.text for symbol in line) for line in self.lines)


_UNREAD, _DISPUTED = 0.49, 0.9
"""Times the confidence of a number that may have more digits than were read, or has other digits by another reading."""
_DOUBTFUL = 0.5
"""Numbers with less confidence are doubtful."""
_CERTAINTY_POWER = 4
"""Of the confidence, in the weight of a hypothesis; its plausibility has the power 1."""
_CLEAR = 0.93  # plausibility of a hypothesis that leaves nothing to find
_MIN_SLASH_LINE = 3  # digits: shorter lines do not show how tall and slanted their digits are
_SLASH_HEIGHT, _SLASH_SLANT = 1.1, 0.15  # times the median height; columns per row above the median slant
_NO_DIGIT = DigitPrediction(None, 0.0, [0.0] * 10, None, None)


class Recogniser:
    """A network for single digits, and the tracked line network; safe to use from several threads.

    Args:
        path: ONNX file of the network for single digits.
    """

    def __init__(self, path: Path = APP_WEIGHTS_DIR / "recogniser.onnx"):
        self._networks = Networks(open_onnx(path), _open_line_network())
        self._tta = _load_tta()

    def predict_proba(self, images: Images) -> Proba:
        """Predict class probabilities with test-time augmentation: float32 (n, 10) for uint8 (n, 28, 28, 1)."""
        return self._tta.predict(self.predict_proba_without_tta, images)

    def predict_proba_without_tta(self, images: Images) -> Proba:
        """Predict class probabilities from each image alone: float32 (n, 10) for uint8 (n, 28, 28, 1)."""
        return self._networks.predict_digits(images)

    def recognise_image(self, image: npt.NDArray[np.uint8]) -> DigitPrediction:
        """Recognise the digit of an image as in train.csv, uint8 (28, 28, 1), without any preprocessing."""
        return _make_prediction(self.predict_proba(image[None])[0], image, None)

    def recognise_digits(self, pictures: Iterable[Picture]) -> list[DigitPrediction]:
        """Recognise one digit in each picture, uint8 RGB (h, w, 3); pictures may differ in size."""
        return [self._recognise_digit(picture) for picture in pictures]

    def _recognise_digit(self, picture: Picture) -> DigitPrediction:
        """Recognise one digit; the others of its hypotheses are not looked for if the first one leaves no doubt."""
        found = find_digits(picture)
        digits = list(islice(found, 1))
        proba = self._predict_alone(digits)
        if digits and not self._leaves_no_doubt(digits[0], proba[0]):
            others = list(found)
            digits, proba = digits + others, proba + self._predict_alone(others)
        return self._choose(digits, proba)

    def _predict_alone(self, digits: Sequence[Digit]) -> list[Proba]:
        """Predict all digits in one batch, without test-time augmentation: each float32 (10,)."""
        return list(self.predict_proba_without_tta(np.stack([digit.image for digit in digits]))) if digits else []

    def _leaves_no_doubt(self, digit: Digit, proba: Proba) -> bool:
        is_clear = digit.is_alone and digit.plausibility > _CLEAR
        return is_clear and bool(proba.max() > self._tta.confidence_threshold)

    def _choose(self, digits: Sequence[Digit], proba: Sequence[Proba]) -> DigitPrediction:
        """Choose the hypothesis that the network believes and whose ink is plausible; keep the others.

        The chosen one is predicted with test-time augmentation.
        """
        if not digits:
            return _NO_DIGIT
        weights = [row.max() ** _CERTAINTY_POWER * digit.plausibility for digit, row in zip(digits, proba, strict=True)]
        best, *others = np.argsort(weights)[::-1]
        chosen = _predict_hypothesis(digits[best], self.predict_proba(digits[best].image[None])[0])
        return replace(chosen, alternatives=[_predict_hypothesis(digits[i], proba[i]) for i in others])

    def recognise_number(self, picture: Picture, digits_only: bool = False) -> NumberPrediction:
        """Recognise all digits of a picture, in one or several lines.

        Args:
            picture: uint8 RGB (h, w, 3).
            digits_only: recognise no signs.
        """
        # In a photo, what touches the border may be the edge of something, which looks like a 1, or else a digit that
        # fills the picture.
        is_plain = has_plain_border(picture)
        number = self._recognise_number(picture, digits_only, may_touch_border=is_plain)
        if is_plain or number.confidence >= _DOUBTFUL:
            return number
        whole = self._recognise_number(picture, digits_only, may_touch_border=True)
        is_digit = len(whole.digits) == 1 and whole.text != "1"
        return whole if is_digit and whole.confidence > number.confidence else number

    def _recognise_number(self, picture: Picture, digits_only: bool, may_touch_border: bool) -> NumberPrediction:
        reading = read_number(picture, self._networks, digits_only, may_touch_border)
        if reading is None:
            return NumberPrediction([], 0.0)
        lines = [self._predict_line(line) for line in reading.lines]
        found = NumberPrediction(lines, 0.0).digits
        unread = [*reading.unread, *(digit.box for digit in found if digit.digit is None and digit.box is not None)]
        recognised = [[symbol for symbol in line if symbol.text] for line in lines]
        recognised = [line for line in recognised if any(isinstance(symbol, DigitPrediction) for symbol in line)]
        doubt = (_UNREAD if unread else 1) * (_DISPUTED if reading.is_disputed else 1)
        confidence = doubt * prod(max(digit.probabilities) for digit in found)
        return NumberPrediction(recognised, confidence if recognised else 0.0, unread)

    def _predict_line(self, line: Sequence[Digit | Sign]) -> list[DigitPrediction | Sign]:
        predictions = iter(self._predict_digits([symbol for symbol in line if isinstance(symbol, Digit)]))
        return [symbol if isinstance(symbol, Sign) else next(predictions) for symbol in line]

    def _predict_digits(self, digits: Sequence[Digit]) -> list[DigitPrediction]:
        """Predict digits of a number with test-time augmentation."""
        proba = predict_digits(digits, self.predict_proba)
        for number in _find_slashes(digits, proba.argmax(axis=1)):
            proba[number] = (proba[number] + 1 / len(proba[number])) / 2
        return [_make_prediction(row, digit.image, digit.box) for row, digit in zip(proba, digits, strict=True)]


def _find_slashes(digits: Sequence[Digit], labels: npt.NDArray[np.integer]) -> list[int]:
    """Find what is taken for a 1 but is taller than most of its line and leans more: it may be a slash.

    Returns:
        Its places in the line.
    """
    if len(digits) < _MIN_SLASH_LINE:
        return []
    heights = [digit.box[3] - digit.box[1] for digit in digits]
    slants = measure_slant(np.stack([digit.image for digit in digits]))
    height, slant = np.median(heights), np.median(slants)
    return [
        number
        for number, label in enumerate(labels)
        if label == 1 and heights[number] > _SLASH_HEIGHT * height and slants[number] > slant + _SLASH_SLANT
    ]


def _predict_hypothesis(digit: Digit, proba: Proba) -> DigitPrediction:
    if not digit.is_alone:  # It is as likely that one of several digits was asked for.
        proba = (proba + 1 / len(proba)) / 2
    return replace(_make_prediction(proba, digit.image, digit.box), hypothesis=digit.hypothesis)


@cache
def _open_line_network() -> Predict:
    return open_onnx(APP_WEIGHTS_DIR / "digit_lines.onnx")


def _load_tta() -> TTA:
    """Return the test-time augmentation of the recipe that the tracked network was trained by."""
    tta = load_network_records()["recipe"]["trainer"]["tta"]
    return TTA(tuple(tta["rotations"]), tuple(tta["zooms"]), tta["confidence_threshold"])


def _make_prediction(proba: Proba, image: npt.NDArray[np.uint8], box: Box | None) -> DigitPrediction:
    confidence = float(proba.max())
    if confidence < MIN_CONFIDENCE:
        return DigitPrediction(None, 0.0, proba.tolist(), image, box)
    return DigitPrediction(int(proba.argmax()), confidence, proba.tolist(), image, box)


@cache
def get_recogniser() -> Recogniser:
    """Return the recogniser with the tracked network, loaded once per process."""
    return Recogniser()


@cache
def load_network_records() -> dict[str, Any]:
    """Load what is known of the tracked networks: experiment, accuracy, size, data and recipe of their training.

    Returns:
        The record of the network for single digits; under `digit_lines`, that of the line network.
    """
    digits, lines = (
        json.loads((APP_WEIGHTS_DIR / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("recogniser", "digit_lines")
    )
    return {**digits, "digit_lines": lines}

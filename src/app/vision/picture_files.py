"""Recognise the digits of picture files with the tracked networks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Box
from src.app.vision.decoding import decode_picture, read_size
from src.app.vision.recogniser import DigitPrediction, NumberPrediction, get_recogniser
from src.app.vision.signs import Sign


def recognise_digit_files(files: Sequence[bytes]) -> list[DigitPrediction]:
    """Recognise one digit in each picture file with the tracked network.

    Raises:
        InputError: a file cannot be decoded; see `decode_picture`.
    """
    return get_recogniser().recognise_digits(decode_picture(data) for data in files)


def recognise_number_files(files: Sequence[bytes], digits_only: bool = False) -> list[NumberPrediction]:
    """Recognise all digits in each picture file with the tracked networks.

    Args:
        files: undecoded picture files.
        digits_only: recognise no signs.

    Returns:
        One prediction per file; boxes are in pixels of the file's picture, held upright.

    Raises:
        InputError: a file cannot be decoded; see `decode_picture`.
    """
    return [_recognise_number_file(data, digits_only) for data in files]


def _recognise_number_file(data: bytes, digits_only: bool) -> NumberPrediction:
    picture = decode_picture(data)
    number = get_recogniser().recognise_number(picture, digits_only)
    factors = np.array(read_size(data)) / picture.shape[1::-1]
    lines = [[_scale_symbol(symbol, factors) for symbol in line] for line in number.lines]
    return replace(number, lines=lines, unread=[_scale(box, factors) for box in number.unread])


def _scale_symbol(symbol: DigitPrediction | Sign, factors: npt.NDArray[np.float64]) -> DigitPrediction | Sign:
    return symbol if symbol.box is None else replace(symbol, box=_scale(symbol.box, factors))


def _scale(box: Box, factors: npt.NDArray[np.float64]) -> Box:
    """Multiply columns and rows with two factors; they differ a little, as a shrunk picture has whole pixels."""
    left, top, right, bottom = (round(edge) for edge in np.tile(factors, 2) * box)
    return left, top, right, bottom

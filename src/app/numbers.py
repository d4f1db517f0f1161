"""Find the digits of a number, line by line from the left, and divide those that touch."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from src.app.ink import NUMBER_SIDES, Ink, find_ink
from src.app.preprocessing import Box, Digit, add_paper, make_digit, make_strip, move
from src.app.segmentation import Piece, cut, find_pieces, find_seams, split_lines
from src.strips import find_middles

PLAIN = 0.9  # of a picture's border: more than this of one colour is paper, with digits that touch the border
DIVISIBLE = 0.5  # of the height of digits: a wider piece may be several

Predict = Callable[[np.ndarray], np.ndarray]
"""What the network says of a strip, float32 (w / 2, 11), see src/strips.py; the strip is uint8 (28, w, 1)."""


@dataclass(frozen=True)
class Part:
    """One digit of a number."""

    digit: Digit
    proba: np.ndarray | None  # float32 (10,): what it looked like among those that it touches, if it touches any


def find_digits(picture: np.ndarray, predict: Predict) -> list[list[Part]]:
    """Find the digits of a picture: lines from the top, each from the left; empty where there are none.

    Args:
        picture: uint8 RGB (h, w, 3).
    """
    margin = max(2, max(picture.shape) // 20)
    wide = add_paper(picture, margin, least=PLAIN)  # so that digits may touch the border of a drawing or a scan
    ink = find_ink(picture if wide is None else wide, NUMBER_SIDES)
    if ink is None:
        return []
    lines = [_find_in_line(ink, line, predict) for line in split_lines(find_pieces(ink))]
    if wide is not None:
        lines = [[_move(part, -margin, picture) for part in line] for line in lines]
    return [line for line in lines if line]


def _move(part: Part, distance: int, picture: np.ndarray) -> Part:
    return Part(Digit(part.digit.image, move(part.digit.box, distance, picture)), part.proba)


def _find_in_line(ink: Ink, line: list[Piece], predict: Predict) -> list[Part]:
    typical = float(np.median([piece.height for piece in line]))
    return [part for piece in line for part in _divide(ink, piece, max(typical, piece.height), predict)]


def _divide(ink: Ink, piece: Piece, height: float, predict: Predict) -> list[Part]:
    """Take a piece as one digit or, where it is wide and the network sees several, as these.

    Args:
        height: of digits, in pixels.
    """
    strip = make_strip(ink, piece.mask, piece.box) if piece.width > DIVISIBLE * height else None
    middles = [] if strip is None else find_middles(predict(strip.image))
    if strip is None or len(middles) < 2:
        return _make_part(ink, piece.mask, piece.box, None)
    num_rows, num_columns = piece.mask.shape
    seams = find_seams(ink, piece, [min(max(strip.to_ink(middle.x), 0.0), num_columns - 1.0) for middle in middles])
    bounds = [np.zeros(num_rows, int), *seams, np.full(num_rows, num_columns)]
    cuttings = [cut(piece, left, right) for left, right in pairwise(bounds)]
    return [
        part
        for cutting, middle in zip(cuttings, middles, strict=True)
        if cutting is not None
        for part in _make_part(ink, cutting.mask, cutting.box, middle.proba)
    ]


def _make_part(ink: Ink, mask: np.ndarray, box: Box, proba: np.ndarray | None) -> list[Part]:
    digit = make_digit(ink, mask, box)
    return [] if digit is None else [Part(digit, proba)]

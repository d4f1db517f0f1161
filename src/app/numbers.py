"""Find the digits of a number, line by line from the left, and divide those that touch."""

from collections.abc import Callable

import numpy as np

from src.app.ink import NUMBER_SIDES, Ink, find_ink
from src.app.preprocessing import Digit, add_paper, make_digit, move
from src.app.segmentation import Piece, cut, find_pieces, find_seams, split_lines

PLAIN = 0.9  # of a picture's border: more than this of one colour is paper, with digits that touch the border
# Of the height of digits:
DIVISIBLE = 0.5  # a wider piece may be several digits
NARROW, WIDE = 0.3, 0.9  # most digits are wider (but 1) and less wide
WIDEST = 1.6  # no digit is wider
MARGIN = 0.1  # between two cuts, at least
LOW = 0.6  # of a piece's height: most of its digits are higher
# Of a division's score, which is the logarithm of how likely it is:
STRICT = 2.0  # for what is too narrow, too wide or too low, by the whole height
MORE = 0.3  # for each digit
CUT = 0.6  # for ink that is cut, by the width of a stroke

Predict = Callable[[np.ndarray], np.ndarray]
"""Probabilities, float32 (n, 10), of images, uint8 (n, 28, 28, 1)."""


def find_digits(picture: np.ndarray, predict: Predict) -> list[list[Digit]]:
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
        lines = [[_move(digit, -margin, picture) for digit in line] for line in lines]
    return [line for line in lines if line]


def _move(digit: Digit, distance: int, picture: np.ndarray) -> Digit:
    return Digit(digit.image, move(digit.box, distance, picture))


def _find_in_line(ink: Ink, line: list[Piece], predict: Predict) -> list[Digit]:
    typical = float(np.median([piece.height for piece in line]))
    return [digit for piece in line for digit in _divide(ink, piece, max(typical, piece.height), predict)]


def _divide(ink: Ink, piece: Piece, height: float, predict: Predict) -> list[Digit]:
    """Take a piece as one digit or, where it is wide, divide it in the likeliest way.

    Args:
        height: of digits, in pixels.
    """
    seams = find_seams(ink, piece, MARGIN * height) if piece.width > DIVISIBLE * height else []
    num_rows, num_columns = piece.mask.shape
    bounds = [np.zeros(num_rows, int), *(seam.columns for seam in seams), np.full(num_rows, num_columns)]
    last = len(bounds) - 1
    parts = {}
    for i in range(last):
        for j in range(i + 1, last + 1):
            # Neighbours and the whole are tried however wide they are, so that there is always a way through.
            needed = j == i + 1 or j - i == last
            if needed or (bounds[j] - bounds[i]).mean() <= WIDEST * height:
                part = cut(piece, bounds[i], bounds[j])
                digit = None if part is None else make_digit(ink, part.mask, part.box)
                if part is not None and digit is not None:
                    parts[i, j] = part, digit
    if (0, last) not in parts:
        return []
    proba = dict(zip(parts, predict(np.stack([digit.image for _, digit in parts.values()])), strict=True))
    scores = {
        (i, j): _score(part, piece.height, height, proba[i, j]) - (CUT * seams[j - 1].crossed if j < last else 0.0)
        for (i, j), (part, _) in parts.items()
    }
    return [parts[place][1] for place in _find_best_path(scores, last)]


def _score(part: Piece, whole_height: int, height: float, proba: np.ndarray) -> float:
    """How likely a part is one digit: by the network, and by its shape."""
    width = part.width / height
    too_narrow = max(0.0, NARROW - width) if proba.argmax() != 1 else 0.0
    too_low = max(0.0, LOW - part.height / whole_height)
    too_wide = max(0.0, width - WIDE)
    return float(np.log(proba.max())) - STRICT * (too_narrow + too_low + too_wide) - MORE


def _find_best_path(scores: dict[tuple[int, int], float], last: int) -> list[tuple[int, int]]:
    """The chain of parts from 0 to `last`, of which the whole is one, with the largest sum of scores."""
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {0: (0.0, [])}
    for end in range(1, last + 1):
        ways = [(best[i][0] + scores[i, j], [*best[i][1], (i, j)]) for i, j in scores if j == end and i in best]
        if ways:
            best[end] = max(ways)
    return best[last][1]

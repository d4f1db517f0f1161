"""Find the digits of a number, line by line from the left, and divide those that touch."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from src.app.vision.ink import NUMBER_SIDES, Ink, find_ink
from src.app.vision.page_detection import find_sheet
from src.app.vision.preprocessing import Digit, find_border_color, make_digit, make_strip, move
from src.app.vision.segmentation import Piece, cut, find_pieces, find_seams, split_lines
from src.images.digit_lines import DigitCenter, find_digit_centers

PLAIN = 0.9  # of a picture's border: more than this of one colour is paper, with digits that touch the border
MARGIN = 2  # pixels of ink
DIVISIBLE = 0.3  # of the height of digits: a wider piece may be several
WIDEST = 1.4  # of the height of digits: no digit is wider
LONGEST = 15.0  # of its own height: a longer piece is a line


@dataclass(frozen=True)
class Networks:
    """What reads digits."""

    predict: Callable[[np.ndarray], np.ndarray]  # probabilities, float32 (n, 10), of images, uint8 (n, 28, 28, 1)
    predict_strip: Callable[[np.ndarray], np.ndarray]  # float32 (w / 2, 11), see src/strips.py, of uint8 (28, w, 1)


@dataclass(frozen=True)
class Part:
    """One digit of a number."""

    digit: Digit
    proba: np.ndarray | None  # float32 (10,): what it looked like among those that it touches, if it may touch any


def find_digits(picture: np.ndarray, networks: Networks) -> list[list[Part]]:
    """Find the digits of a picture: lines from the top, each from the left; empty where there are none.

    Args:
        picture: uint8 RGB (h, w, 3).
    """
    sheet = find_sheet(picture)
    lines = [] if sheet is None else _find_on_paper(sheet.picture, networks)
    if sheet is None or not lines:
        return _find_on_paper(picture, networks)
    return [[_move(part, sheet.left, sheet.top, picture) for part in line] for line in lines]


def _find_on_paper(picture: np.ndarray, networks: Networks) -> list[list[Part]]:
    ink = find_ink(picture, NUMBER_SIDES)
    if ink is None:
        return []
    # Where the border is paper, as in a drawing or a scan, digits may touch it; otherwise what touches it is no digit.
    margin = 0 if find_border_color(picture, PLAIN) is None else MARGIN
    ink = Ink(np.pad(ink.strength, margin), np.pad(ink.strokes, margin), ink.scale)
    lines = [_find_in_line(ink, line, networks) for line in split_lines(find_pieces(ink))]
    back = round(-margin * ink.scale)
    return [[_move(part, back, back, picture) for part in line] for line in lines if line]


def _move(part: Part, right: int, down: int, picture: np.ndarray) -> Part:
    return Part(Digit(part.digit.image, move(part.digit.box, right, down, picture)), part.proba)


def _find_in_line(ink: Ink, line: list[Piece], networks: Networks) -> list[Part]:
    typical = float(np.median([piece.height for piece in line]))
    parts = [part for piece in line for part in _divide(ink, piece, max(typical, piece.height), networks)]
    return [part for part in parts if part is not None]


def _divide(ink: Ink, piece: Piece, height: float, networks: Networks) -> list[Part | None]:
    """Take a piece as one digit or, where several are seen in it more surely, as these.

    Args:
        height: of digits, in pixels.
    """
    is_divisible = DIVISIBLE * height < piece.width < LONGEST * piece.height
    strip = make_strip(ink, piece.mask, piece.box, height) if is_divisible else None
    middles = [] if strip is None else find_digit_centers(networks.predict_strip(strip.image))
    whole = _make_part(ink, piece, middles[0].proba if len(middles) == 1 else None)
    if len(middles) > 1 and piece.width < WIDEST * height and _is_surer(networks, whole, middles):
        return [whole]
    while strip is not None and len(middles) > 1:
        columns = [min(max(strip.to_ink(middle.x), 0.0), piece.mask.shape[1] - 1.0) for middle in middles]
        parts = _cut_between(ink, piece, columns, [middle.proba for middle in middles])
        if None not in parts:
            return parts
        # Where there is next to nothing, its neighbours get it.
        middles = [middle for middle, part in zip(middles, parts, strict=True) if part is not None]
    return [whole]


def _is_surer(networks: Networks, whole: Part | None, middles: list[DigitCenter]) -> bool:
    """Whether the network of single digits is surer of a piece than the other one of the least sure digit there."""
    return whole is not None and bool(
        networks.predict(whole.digit.image[None]).max() > min(middle.proba.max() for middle in middles)
    )


def _cut_between(ink: Ink, piece: Piece, columns: list[float], probas: list[np.ndarray]) -> list[Part | None]:
    num_rows, num_columns = piece.mask.shape
    bounds = [np.zeros(num_rows, int), *find_seams(ink, piece, columns), np.full(num_rows, num_columns)]
    cuttings = [cut(piece, left, right, len(columns)) for left, right in pairwise(bounds)]
    return [
        None if cutting is None else _make_part(ink, cutting, proba)
        for cutting, proba in zip(cuttings, probas, strict=True)
    ]


def _make_part(ink: Ink, piece: Piece, proba: np.ndarray | None) -> Part | None:
    digit = make_digit(ink, piece.mask, piece.box)
    return None if digit is None else Part(digit, proba)

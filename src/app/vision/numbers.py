"""Find the digits of a number, line by line from left to right, and divide digits that touch."""

from dataclasses import dataclass, replace

import numpy as np

from src.app.vision.arrays import Picture
from src.app.vision.components import Segment
from src.app.vision.ink import NUMBER_SIDES, Ink, find_inks, get_border
from src.app.vision.preprocessing import Digit, extract_digit, extract_line_image
from src.app.vision.segmentation import cut_segment, find_seams, find_segments, split_lines
from src.images.digit_lines import DigitCenter, LineImage, find_digit_centers
from src.models.onnx_files import Predict

_MIN_PLAIN_BORDER = 0.9  # of the picture's border: a picture with more of one colour there is a drawing or a scan
_ALIKE = 12  # grey levels: pixels of the border that differ less from its median colour have this colour
_MARGIN = 2  # pixels of ink
# Fractions of the digits' height:
_MIN_DIVISIBLE_WIDTH = 0.3  # wider segments may be several digits
_MAX_DIGIT_WIDTH = 1.4
_MAX_ASPECT_RATIO = 15.0  # width over height: longer segments are lines


@dataclass(frozen=True)
class Networks:
    """The networks that recognise digits."""

    predict_digits: Predict  # float32 (n, 10) for uint8 (n, 28, 28, 1)
    predict_lines: Predict  # float32 (n, w / 2, 11) for uint8 (n, 28, w, 1); see `src.images.digit_lines`


def find_digit_lines(picture: Picture, networks: Networks) -> list[list[list[Digit]]]:
    """Find the digits of a picture, as different hypotheses of its ink show them.

    Args:
        picture: uint8 RGB (h, w, 3).
        networks: used to divide digits that touch.

    Returns:
        For each hypothesis, lines from top to bottom, each with its digits from left to right; no line is empty.
    """
    return [_find_in_ink(ink, picture, networks) for ink in find_inks(picture, NUMBER_SIDES)]


def _find_in_ink(ink: Ink, picture: Picture, networks: Networks) -> list[list[Digit]]:
    # In a drawing or a scan, digits may touch the border. In a photo, what touches it is no digit.
    margin = _MARGIN if _has_plain_border(picture) else 0
    ink = replace(ink, strength=np.pad(ink.strength, margin), mask=np.pad(ink.mask, margin))
    lines = [_find_in_line(ink, line, networks) for line in split_lines(find_segments(ink))]
    offset = round(-margin * ink.scale)
    return [[digit.move(offset, offset, picture) for digit in line] for line in lines if line]


def _has_plain_border(picture: Picture) -> bool:
    border = get_border(picture).astype(np.float32)
    difference = np.abs(border - np.median(border, axis=0)).max(axis=1)
    return bool((difference < _ALIKE).mean() >= _MIN_PLAIN_BORDER)


def _find_in_line(ink: Ink, line: list[Segment], networks: Networks) -> list[Digit]:
    typical = float(np.median([segment.height for segment in line]))
    digits = [digit for segment in line for digit in _divide(ink, segment, max(typical, segment.height), networks)]
    return [digit for digit in digits if digit is not None]


def _divide(ink: Ink, segment: Segment, digit_height: float, networks: Networks) -> list[Digit | None]:
    """Divide a segment into digits, unless it is predicted with a higher confidence as a single digit.

    Args:
        ink: the ink that the segment is part of.
        segment: one digit, or several that touch.
        digit_height: pixels of the ink.
        networks: predict the single digit, and the digits that touch.
    """
    is_divisible = _MIN_DIVISIBLE_WIDTH * digit_height < segment.width < _MAX_ASPECT_RATIO * segment.height
    line = extract_line_image(ink, segment, digit_height) if is_divisible else None
    if line is None:
        return [extract_digit(ink, segment)]
    centers = find_digit_centers(networks.predict_lines(line.image[None])[0])
    whole = extract_digit(ink, segment, centers[0].proba if len(centers) == 1 else None)
    is_narrow = segment.width < _MAX_DIGIT_WIDTH * digit_height
    if len(centers) > 1 and is_narrow and whole is not None and _is_more_confident(networks, whole, centers):
        return [whole]
    return _cut_digits(ink, segment, line, centers) or [whole]


def _is_more_confident(networks: Networks, whole: Digit, centers: list[DigitCenter]) -> bool:
    """Return whether the single digit has a higher confidence than the least confident one of the touching digits."""
    confidence = networks.predict_digits(whole.image[None]).max()
    return bool(confidence > min(center.proba.max() for center in centers))


def _cut_digits(ink: Ink, segment: Segment, line: LineImage, centers: list[DigitCenter]) -> list[Digit | None]:
    """Cut a segment between the centres of its digits; return an empty list if fewer than two parts have enough ink."""
    while len(centers) > 1:
        columns = [min(max(line.to_ink(center.x), 0.0), segment.mask.shape[1] - 1.0) for center in centers]
        parts = cut_segment(segment, find_seams(ink, segment, columns))
        digits = [
            None if part is None else extract_digit(ink, part, center.proba)
            for part, center in zip(parts, centers, strict=True)
        ]
        if None not in digits:
            return digits
        # The neighbours of parts with little ink get their ink.
        centers = [center for center, digit in zip(centers, digits, strict=True) if digit is not None]
    return []

"""Divide segments into digits: the line network finds those that touch, and seams part them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from src.app.vision.components import Segment
from src.app.vision.ink import Ink
from src.app.vision.preprocessing import Digit, extract_digit, extract_line_image
from src.app.vision.segmentation import cut_segment, find_seams
from src.common.arrays import Proba
from src.common.competition import NUM_CLASSES
from src.images.digit_lines import DigitCenter, LineImage, find_digit_centers
from src.models.onnx_files import Predict

# Fractions of the digits' height:
_MIN_DIVISIBLE_WIDTH = 0.3  # wider segments may be several digits
_MAX_ASPECT_RATIO = 15.0  # width over height: longer segments are lines


@dataclass(frozen=True)
class Networks:
    """The networks that recognise digits."""

    predict_digits: Predict  # float32 (n, 10) for uint8 (n, 28, 28, 1)
    predict_lines: Predict  # float32 (n, w / 2, 11) for uint8 (n, 28, w, 1); see `src.images.digit_lines`


def predict_digits(digits: Sequence[Digit], predict: Predict) -> Proba:
    """Predict digits, and average with what the line network predicted where it was used.

    Args:
        digits: any number.
        predict: float32 (n, 10) for uint8 (n, 28, 28, 1).

    Returns:
        float32 (n, 10).
    """
    if not digits:
        return np.zeros((0, NUM_CLASSES), np.float32)
    proba = predict(np.stack([digit.image for digit in digits]))
    pairs = zip(proba, digits, strict=True)
    return np.stack([row if digit.line_proba is None else (row + digit.line_proba) / 2 for row, digit in pairs])


def divide(ink: Ink, segment: Segment, digit_height: float, networks: Networks) -> list[Digit | None]:
    """Divide a segment into digits.

    Args:
        ink: the ink that the segment is part of.
        segment: one digit, or several that touch.
        digit_height: pixels of the ink.
        networks: the line network finds the digits.
    """
    line = extract_line_image(ink, segment, digit_height) if is_divisible(segment, digit_height) else None
    if line is None:
        return [extract_digit(ink, segment)]
    centers = find_digit_centers(networks.predict_lines(line.image[None])[0])
    if len(centers) > 1:
        return _cut_digits(ink, segment, line, centers) or [extract_digit(ink, segment)]
    return [extract_digit(ink, segment, centers[0].proba if centers else None)]


def is_divisible(segment: Segment, digit_height: float) -> bool:
    """Return whether a segment may be several digits: it is neither a thin stroke nor a long line."""
    return _MIN_DIVISIBLE_WIDTH * digit_height < segment.width < _MAX_ASPECT_RATIO * segment.height


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

"""Find the digits and signs of a number, line by line from left to right, and divide digits that touch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from src.app.vision.arrays import Box, Picture
from src.app.vision.components import Segment, measure_gaps, merge_boxes, merge_segments
from src.app.vision.ink import NUMBER_SIDES, PAGE, UNRULED, Ink, find_inks, get_border
from src.app.vision.preprocessing import Digit, extract_digit, extract_line_image
from src.app.vision.segmentation import cut_segment, find_seams, find_segments, split_lines
from src.app.vision.signs import Sign
from src.common.arrays import Proba
from src.common.competition import NUM_CLASSES
from src.images.digit_lines import DigitCenter, LineImage, find_digit_centers
from src.models.onnx_files import Predict

_MIN_PLAIN_BORDER = 0.9  # of the picture's border: a picture with more of one colour there is a drawing or a scan
_ALIKE = 12  # grey levels: pixels of the border that differ less from its median colour have this colour
_MARGIN = 2  # pixels of ink
_MAX_BORDER_DIGITS = 10
_MIN_BORDER_CONFIDENCE = 0.9  # of a digit at the border of a photo
_CLEAR = 0.75  # plausibility of a hypothesis that leaves nothing to find
_CERTAIN = 0.995  # confidence of digits that need no other hypothesis
_RISE = 0.5  # of the threshold of the stronger ink: the faint digits of a number are kept
_RIVAL = 0.8  # of the best score: a reading with more may be right instead
# Fractions of the digits' height:
_MIN_DIVISIBLE_WIDTH = 0.3  # wider segments may be several digits
_MAX_DIGIT_WIDTH = 1.4
_MAX_HEIGHT = 1.8  # higher segments that are not divisible are no digits
_MAX_ASPECT_RATIO = 15.0  # width over height: longer segments are lines


@dataclass(frozen=True)
class Networks:
    """The networks that recognise digits."""

    predict_digits: Predict  # float32 (n, 10) for uint8 (n, 28, 28, 1)
    predict_lines: Predict  # float32 (n, w / 2, 11) for uint8 (n, 28, w, 1); see `src.images.digit_lines`


@dataclass(frozen=True)
class Reading:
    """The digits and signs of a picture."""

    lines: list[list[Digit | Sign]]  # from top to bottom, each from left to right, with a digit at least
    unread: list[Box]  # ink of a digit's size that is no digit
    is_disputed: bool  # whether another reading with about this score has other digits


@dataclass(frozen=True)
class _LineReading:
    """A way to divide a line into digits."""

    segments: list[Segment]  # of the whole line
    digits: list[Digit]
    proba: Proba
    is_disputed: bool = False  # whether another way with about this score has other digits

    @property
    def text(self) -> str:
        """The digits."""
        return "".join(map(str, self.proba.argmax(axis=1)))

    @property
    def score(self) -> float:
        """About how many more digits are right than wrong."""
        return float((2 * self.proba.max(axis=1) ** 2 - 1).sum())

    @property
    def is_certain(self) -> bool:
        """Whether there are digits and none leaves a doubt."""
        return bool(self.digits) and bool(self.proba.max(axis=1).min() > _CERTAIN)


@dataclass(frozen=True)
class _InkReading:
    """What one hypothesis of the ink shows; boxes are in pixels of the ink."""

    ink: Ink
    lines: list[_LineReading]
    signs: list[Sign]
    unread: list[Box]
    plausibility: float  # of the hypothesis, from 0 to 1

    @property
    def text(self) -> str:
        """The digits."""
        return "\n".join(line.text for line in self.lines)

    @property
    def score(self) -> float:
        """About how many more digits are right than wrong, weighted by the plausibility."""
        return self.plausibility * sum(line.score for line in self.lines)

    @property
    def is_clear(self) -> bool:
        """Whether other hypotheses cannot show more; a page may be a part of a shadow, which leaves digits out."""
        is_whole = self.plausibility > _CLEAR and self.ink.hypothesis != PAGE and not self.unread
        return is_whole and bool(self.lines) and all(line.is_certain for line in self.lines)


def read_number(picture: Picture, networks: Networks, digits_only: bool = False) -> Reading | None:
    """Find the digits and signs of a picture as the best hypothesis of its ink shows them.

    Args:
        picture: uint8 RGB (h, w, 3).
        networks: predict digits, and divide those that touch.
        digits_only: leave out signs.

    Returns:
        The reading with the highest score; None if nothing stands out from the background.
    """
    # In a drawing or a scan, digits may touch the border. In a photo, what touches it may be the edge of something.
    margin = _MARGIN if _has_plain_border(picture) else 0
    readings: list[_InkReading] = []
    for ink in find_inks(picture, NUMBER_SIDES, _RISE):
        padded = replace(ink, strength=np.pad(ink.strength, margin), mask=np.pad(ink.mask, margin))
        readings.append(_read_ink(padded, networks))
        if readings[-1].is_clear:
            break
    if not readings:
        return None
    best = max(readings, key=lambda reading: reading.score)
    has_rival = any(one.score > _RIVAL * best.score and one.text != best.text for one in readings)
    lines = [_read_whole_line(best.ink, line, networks) for line in best.lines]
    # The crossings of erased lines leave spots that look like points.
    signs = [] if digits_only else [replace(sign, box=_scale(sign.box, best.ink.scale)) for sign in best.signs]
    is_disputed = has_rival or bool(signs and best.ink.hypothesis == UNRULED)
    reading = Reading(
        _insert_signs(signs, lines),
        [_scale(box, best.ink.scale) for box in best.unread],
        is_disputed or any(line.is_disputed for line in lines),
    )
    return _move(reading, round(-margin * best.ink.scale), picture)


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


def _move(reading: Reading, offset: int, picture: Picture) -> Reading:
    """Move all boxes to the right and down, and clip them to the picture."""
    height, width = picture.shape[:2]

    def move(box: Box) -> Box:
        left, top, right, bottom = (edge + offset for edge in box)
        return max(left, 0), max(top, 0), min(right, width), min(bottom, height)

    lines = [[replace(symbol, box=move(symbol.box)) for symbol in line] for line in reading.lines]
    return replace(reading, lines=lines, unread=[move(box) for box in reading.unread])


def _has_plain_border(picture: Picture) -> bool:
    border = get_border(picture).astype(np.float32)
    difference = np.abs(border - np.median(border, axis=0)).max(axis=1)
    return bool((difference < _ALIKE).mean() >= _MIN_PLAIN_BORDER)


def _read_ink(ink: Ink, networks: Networks) -> _InkReading:
    found = find_segments(ink)
    at_border = [segment for segment in found.others[:_MAX_BORDER_DIGITS] if _is_digit(ink, segment, networks)]
    segments = found.segments + at_border
    known = [segment.box for segment in at_border]
    used = sum(np.count_nonzero(segment.mask) for segment in segments) / np.count_nonzero(ink.mask)
    return _InkReading(
        ink,
        [_read_line(ink, line, networks) for line in split_lines(segments)],
        found.signs,
        unread=[segment.box for segment in found.others if segment.box not in known],
        plausibility=float(ink.separability * used**0.5),  # The less ink is left over, the better.
    )


def _scale(box: Box, scale: float) -> Box:
    return merge_boxes(scale * np.array([box]))


def _is_digit(ink: Ink, segment: Segment, networks: Networks) -> bool:
    """Return whether ink at the border is a digit; a 1 may be the edge of something."""
    digit = extract_digit(ink, segment)
    if digit is None:
        return False
    proba = networks.predict_digits(digit.image[None])[0]
    return bool(proba.max() > _MIN_BORDER_CONFIDENCE and proba.argmax() != 1)


def _insert_signs(signs: Sequence[Sign], lines: Sequence[_LineReading]) -> list[list[Digit | Sign]]:
    """Insert each sign into the line with the closest digit; leave out lines without digits."""
    symbols: list[list[Digit | Sign]] = [list(line.digits) for line in lines if line.digits]
    for sign in signs:
        gaps = [measure_gaps(np.array([symbol.box for symbol in line]), sign.box).min() for line in symbols]
        if gaps:
            symbols[int(np.argmin(gaps))].append(sign)
    return [sorted(line, key=lambda symbol: symbol.box[0]) for line in symbols]


def _read_line(ink: Ink, line: list[Segment], networks: Networks) -> _LineReading:
    """Divide each segment of a line into digits."""
    typical = _measure_height(line)
    line = [segment for segment in line if segment.height < _MAX_HEIGHT * typical or _is_wide(segment, typical)]
    return _read_segments(ink, line, line, networks)


def _read_whole_line(ink: Ink, apart: _LineReading, networks: Networks) -> _LineReading:
    """Divide a line as if it was one segment, if its segments by themselves leave doubt; return the surer reading."""
    if len(apart.segments) <= 1 or apart.is_certain:
        return apart
    whole = _read_segments(ink, apart.segments, [merge_segments(apart.segments)], networks)
    other, best = sorted((apart, whole), key=lambda reading: reading.score)
    return replace(best, is_disputed=other.text != best.text and other.score > _RIVAL * best.score)


def _read_segments(ink: Ink, line: list[Segment], segments: list[Segment], networks: Networks) -> _LineReading:
    """Divide segments into digits that are about as high as the segments of their line."""
    typical = _measure_height(line)
    found = [one for segment in segments for one in _divide(ink, segment, max(typical, segment.height), networks)]
    digits = [digit for digit in found if digit is not None]
    return _LineReading(line, digits, predict_digits(digits, networks.predict_digits))


def _measure_height(line: Sequence[Segment]) -> float:
    return float(np.median([segment.height for segment in line]))


def _divide(ink: Ink, segment: Segment, digit_height: float, networks: Networks) -> list[Digit | None]:
    """Divide a segment into digits, unless it is predicted with a higher confidence as a single digit.

    Args:
        ink: the ink that the segment is part of.
        segment: one digit, or several that touch.
        digit_height: pixels of the ink.
        networks: predict the single digit, and the digits that touch.
    """
    is_divisible = _is_wide(segment, digit_height) and segment.width < _MAX_ASPECT_RATIO * segment.height
    line = extract_line_image(ink, segment, digit_height) if is_divisible else None
    if line is None:
        return [extract_digit(ink, segment)]
    centers = find_digit_centers(networks.predict_lines(line.image[None])[0])
    if len(centers) > 1:
        is_narrow = segment.width < _MAX_DIGIT_WIDTH * digit_height
        whole = extract_digit(ink, segment) if is_narrow else None
        if whole is None or not _is_more_confident(networks, whole, centers):
            return _cut_digits(ink, segment, line, centers) or [whole or extract_digit(ink, segment)]
        return [whole]
    return [extract_digit(ink, segment, centers[0].proba if centers else None)]


def _is_wide(segment: Segment, digit_height: float) -> bool:
    return segment.width > _MIN_DIVISIBLE_WIDTH * digit_height


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

"""Find the digits and signs of a number, line by line from left to right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from src.app.vision.arrays import Box, Picture
from src.app.vision.components import Segment, measure_gaps, merge_boxes, merge_segments
from src.app.vision.division import Networks, divide, is_divisible, predict_digits
from src.app.vision.ink import NUMBER_SIDES, PAGE, UNRULED, Ink, find_inks, get_border
from src.app.vision.preprocessing import Digit, extract_digit
from src.app.vision.segmentation import find_segments, split_lines
from src.app.vision.signs import Sign
from src.common.arrays import Proba

_MIN_PLAIN_BORDER = 0.9  # of the picture's border: a picture with more of one colour there is a drawing or a scan
_ALIKE = 12  # grey levels: pixels of the border that differ less from its median colour have this colour
_MARGIN = 2  # pixels of ink
_MAX_BORDER_DIGITS = 10
_MIN_BORDER_CONFIDENCE = 0.9  # of a digit at the border of a photo
_CLEAR = 0.75  # plausibility of a hypothesis that leaves nothing to find
_CERTAIN = 0.995  # confidence of digits that need no other hypothesis
_RISE = 0.5  # of the threshold of the stronger ink: the faint digits of a number are kept
_MIN_NUMBER = 3  # digits: of a line that makes single strokes beside it doubtful
_RIVAL = 0.8  # of the best score, or plausibility: a reading with more may be right instead
_MAX_HEIGHT = 1.8  # of the digits' height: higher segments that are not divisible are no digits


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
        """About how many more digits are right than wrong, weighted by the plausibility; the least without a digit."""
        if not any(line.digits for line in self.lines):
            return -np.inf
        total = sum(line.score for line in self.lines)
        return total * self.plausibility if total > 0 else total / self.plausibility

    @property
    def is_clear(self) -> bool:
        """Whether other hypotheses cannot show more; a page may be a part of a shadow, which leaves digits out."""
        is_whole = self.plausibility > _CLEAR and self.ink.hypothesis != PAGE and not self.unread
        return is_whole and bool(self.lines) and all(line.is_certain for line in self.lines)


def read_number(picture: Picture, networks: Networks, digits_only: bool, may_touch_border: bool) -> Reading | None:
    """Find the digits and signs of a picture as the best hypothesis of its ink shows them.

    Args:
        picture: uint8 RGB (h, w, 3).
        networks: predict digits, and divide those that touch.
        digits_only: leave out signs.
        may_touch_border: whether ink at the border may be digits.

    Returns:
        The reading with the highest score; None if nothing stands out from the background.
    """
    margin = _MARGIN if may_touch_border else 0
    readings: list[_InkReading] = []
    for ink in find_inks(picture, NUMBER_SIDES, _RISE):
        padded = replace(ink, strength=np.pad(ink.strength, margin), mask=np.pad(ink.mask, margin))
        readings.append(_read_ink(padded, networks))
        if readings[-1].is_clear:
            break
    if not readings:
        return None
    best = max(readings, key=lambda reading: reading.score)
    # Faint ink may be missing in the best hypothesis and be seen in another that is nearly as plausible.
    same = [one for one in readings if one.text == best.text and one.plausibility >= _RIVAL * best.plausibility]
    unread = max((one.unread for one in same), key=len)
    has_rival = any(_is_rival(one, best) for one in readings)
    # Beside a number, a single stroke is more likely a piece of a ruled line or an edge than a 1.
    has_number = any(len(line.digits) >= _MIN_NUMBER for line in best.lines)
    strokes = [line.segments[0].box for line in best.lines if has_number and line.text == "1"]
    numbers = [line for line in best.lines if not has_number or line.text != "1"]
    lines = [_read_whole_line(best.ink, line, networks) for line in numbers]
    # The crossings of erased lines leave spots that look like points.
    signs = [] if digits_only else [replace(sign, box=_scale(sign.box, best.ink.scale)) for sign in best.signs]
    is_disputed = has_rival or bool(signs and best.ink.hypothesis == UNRULED)
    reading = Reading(
        _insert_signs(signs, lines),
        [_scale(box, best.ink.scale) for box in [*unread, *strokes]],
        is_disputed or any(line.is_disputed for line in lines),
    )
    return _move(reading, round(-margin * best.ink.scale), picture)


def _is_rival(other: "_InkReading | _LineReading", best: "_InkReading | _LineReading") -> bool:
    """Tell whether another reading has other digits and about the score of the best one, which may be negative."""
    return other.text != best.text and other.score > best.score - (1 - _RIVAL) * abs(best.score)


def _move(reading: Reading, offset: int, picture: Picture) -> Reading:
    """Move all boxes to the right and down, and clip them to the picture; each keeps one pixel at least."""
    height, width = picture.shape[:2]

    def move(box: Box) -> Box:
        left, top, right, bottom = (edge + offset for edge in box)
        left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
        return left, top, max(min(right, width), left + 1), max(min(bottom, height), top + 1)

    lines = [[replace(symbol, box=move(symbol.box)) for symbol in line] for line in reading.lines]
    return replace(reading, lines=lines, unread=[move(box) for box in reading.unread])


def has_plain_border(picture: Picture) -> bool:
    """Tell whether nearly all pixels at the border have one colour, as in a drawing or a scan but not in a photo.

    Args:
        picture: uint8 RGB (h, w, 3).
    """
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
    line = [segment for segment in line if segment.height < _MAX_HEIGHT * typical or is_divisible(segment, typical)]
    return _read_segments(ink, line, line, networks)


def _read_whole_line(ink: Ink, apart: _LineReading, networks: Networks) -> _LineReading:
    """Divide a line as if it was one segment, if its segments by themselves leave doubt; return the surer reading."""
    if len(apart.segments) <= 1 or apart.is_certain:
        return apart
    merged = merge_segments(apart.segments)
    if not is_divisible(merged, merged.height):
        return apart
    whole = _read_segments(ink, apart.segments, [merged], networks)
    other, best = sorted((apart, whole), key=lambda reading: reading.score)
    return replace(best, is_disputed=_is_rival(other, best))


def _read_segments(ink: Ink, line: list[Segment], segments: list[Segment], networks: Networks) -> _LineReading:
    """Divide segments into digits that are about as high as the segments of their line."""
    typical = _measure_height(line)
    found = [one for segment in segments for one in divide(ink, segment, max(typical, segment.height), networks)]
    digits = [digit for digit in found if digit is not None]
    return _LineReading(line, digits, predict_digits(digits, networks.predict_digits))


def _measure_height(line: Sequence[Segment]) -> float:
    return float(np.median([segment.height for segment in line]))

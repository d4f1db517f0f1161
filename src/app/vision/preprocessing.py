"""Find the digit of a picture and make it look as in MNIST: a 28x28 image, white on black."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Box, Mask, Picture, Plane
from src.app.vision.components import (
    Components,
    Segment,
    find_components,
    make_segment,
    measure_gaps,
    merge_boxes,
    slice_with_margin,
)
from src.app.vision.ink import Ink, find_inks, get_border
from src.common.competition import IMAGE_SHAPE, IMAGE_SIDE
from src.data.image_statistics import measure_mask_stroke_width
from src.images.centering import DIGIT_BOX, center, find_extent, resize
from src.images.digit_lines import LineImage, make_line_image

cv2.setNumThreads(0)  # Several pictures are already processed in parallel.

_ENLARGED = 4  # factor: strokes are made thinner or thicker on images enlarged by it
_BORDER = 2 * _ENLARGED  # pixels of background around enlarged ink
_STROKE_WIDTHS = (1.7, 3.2)  # pixels of the 28x28 image: strokes are brought between these
_MIN_SIZE = 5  # pixels of the ink: smaller components are specks
_MAX_GAP = 0.22  # of the digit's size: to another large part of the same digit
_MIN_PART_MASS = 0.015  # of the digit's ink: smaller components are specks

_MIN_OTHER, _MIN_OTHER_HEIGHT = 0.3, 0.6  # of the digit's ink and height: other components with more may be digits
_MIDDLE_GREY = 127
_MARGIN, _MAX_OFFSET = 2, 2.0  # pixels of a 28x28 picture as in MNIST: its margin, the distance of its centre of mass
_MAX_DIFFERENCE = 2.0  # grey levels: images that differ less on average are duplicates

AS_IT_IS = "the picture as it is"
"""The hypothesis that a picture is already an image as in MNIST."""


@dataclass(frozen=True)
class Digit:
    """A digit as MNIST would show it."""

    image: npt.NDArray[np.uint8]  # (28, 28, 1)
    box: Box  # where the digit is in the picture
    line_proba: npt.NDArray[np.float32] | None = None  # (10,): predicted by the line network, if it was used
    hypothesis: str = AS_IT_IS  # how the ink was found
    plausibility: float = 1.0  # of the hypothesis, from 0 to 1, before the network has seen the image
    is_alone: bool = True  # whether no other ink of about its size was found


def find_digits(picture: Picture) -> Iterator[Digit]:
    """Find the one digit of a picture, as different hypotheses of its ink show it; without duplicates.

    Args:
        picture: uint8 RGB (h, w, 3).
    """
    digits: list[Digit] = []
    for digit in chain([_read_as_it_is(picture)], map(_find_digit, find_inks(picture))):
        if digit is not None and not any(_are_alike(digit, other) for other in digits):
            digits.append(digit)
            yield digit


def _are_alike(one: Digit, other: Digit) -> bool:
    return float(cv2.norm(one.image, other.image, cv2.NORM_L1)) < _MAX_DIFFERENCE * one.image.size


def _read_as_it_is(picture: Picture) -> Digit | None:
    """Take a picture as it is if it looks like one of MNIST: 28x28, on black or white, with a margin, centred."""
    if picture.shape[:2] != IMAGE_SHAPE[:2]:
        return None
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    image = 255 - grey if np.median(get_border(grey)) > _MIDDLE_GREY else grey
    rows, columns = find_extent(image > _MIDDLE_GREY)
    if not len(rows) or min(rows[0], columns[0]) < _MARGIN or max(rows[-1], columns[-1]) >= IMAGE_SIDE - _MARGIN:
        return None
    moments = cv2.moments(image)
    offsets = [moments[name] / moments["m00"] - (IMAGE_SIDE - 1) / 2 for name in ("m10", "m01")]
    if max(map(abs, offsets)) > _MAX_OFFSET:
        return None
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    return Digit(image[..., None], box)


def _find_digit(ink: Ink) -> Digit | None:
    components = find_components(ink)
    is_chosen = _choose_components(components)
    if not is_chosen.any():
        return None
    segment = make_segment(components, np.flatnonzero(is_chosen).tolist())
    digit = extract_digit(ink, segment)
    if digit is None:
        return None
    mass, heights = components.mass, components.boxes[:, 3] - components.boxes[:, 1]
    is_other = ~is_chosen & (components.num_borders == 0) & (mass > _MIN_OTHER * mass[is_chosen].sum())
    used = np.count_nonzero(segment.mask) / np.count_nonzero(ink.mask)  # The less ink is left over, the better.
    is_alone = not (is_other & (heights > _MIN_OTHER_HEIGHT * segment.height)).any()
    plausibility = digit.plausibility * used**0.5 * (1.0 if is_alone else 0.5)
    return replace(digit, plausibility=plausibility, is_alone=is_alone)


def _choose_components(components: Components) -> npt.NDArray[np.bool_]:
    """Choose the component with the most ink and all components near it: bool (n,), all false without any."""
    boxes, mass, num_borders = components.boxes, components.mass, components.num_borders
    left, top, right, bottom = boxes.T
    # What touches the border is the edge of a table, a frame or a neighbour, unless there is nothing else.
    score = mass * np.array([1.0, 0.5, 0.1, 0.1, 0.1])[num_borders]
    score[np.maximum(right - left, bottom - top) < _MIN_SIZE] = 0
    main = int(score.argmax())
    is_chosen: npt.NDArray[np.bool_] = (np.arange(len(mass)) == main) & (score > 0)
    can_join = (mass >= _MIN_PART_MASS * mass[main]) & ((num_borders == 0) | (num_borders[main] > 0))
    can_join[0] = False  # The background.
    max_gap = _MAX_GAP * np.minimum(1, 0.35 + 1.5 * np.sqrt(mass / max(mass[main], 1e-6)))
    while is_chosen.any():
        box = merge_boxes(boxes[is_chosen])
        size = max(box[2] - box[0], box[3] - box[1])
        joined = is_chosen | (can_join & (measure_gaps(boxes, box) <= max_gap * size))
        if (joined == is_chosen).all():
            break
        is_chosen = joined
    return is_chosen


def extract_digit(ink: Ink, segment: Segment, line_proba: npt.NDArray[np.float32] | None = None) -> Digit | None:
    """Make the image of a segment that is one digit, or return None if no ink is left.

    Args:
        ink: the ink that the segment is part of.
        segment: the digit.
        line_proba: float32 (10,): what the line network predicts for the digit, if it was used.
    """
    image = center(_extract_ink(ink, segment, max(segment.width, segment.height)))
    if image is None:
        return None
    box = merge_boxes(ink.scale * np.array([segment.box]))
    return Digit(image, box, line_proba, ink.hypothesis, ink.separability)


def extract_line_image(ink: Ink, segment: Segment, digit_height: float) -> LineImage | None:
    """Make the line image of a segment that may be several digits, or return None if no ink is left.

    Args:
        ink: the ink that the segment is part of.
        segment: the digits.
        digit_height: pixels of the ink that digits are high; those of the segment may be lower.

    Returns:
        The line image; its `to_ink` converts to columns of the segment's mask.
    """
    line = make_line_image(_extract_ink(ink, segment, digit_height), DIGIT_BOX * _ENLARGED)
    if line is None:
        return None
    factor = DIGIT_BOX * _ENLARGED / digit_height
    return LineImage(line.image, line.scale * factor, (line.start - _BORDER) / factor)


def _extract_ink(ink: Ink, segment: Segment, size: float) -> Plane:
    """Cut out the ink of a segment, resize it so that `size` pixels become 80, and adapt the width of its strokes."""
    near = cv2.dilate(segment.mask, np.ones((5, 5), np.uint8))  # Faint ink beside strokes and in their hollows.
    strength = ink.strength[slice_with_margin(segment.box)] * near
    factor = DIGIT_BOX * _ENLARGED / size
    if factor * measure_mask_stroke_width((strength > 0.5).astype(np.uint8)) < 1:  # It would vanish.
        strength = np.asarray(cv2.dilate(strength, _make_disc(1 / factor)), np.float32)
    return _adapt_stroke_width(np.pad(resize(strength, factor), _BORDER))


def _adapt_stroke_width(ink: Plane) -> Plane:
    """Make strokes thicker or thinner if they are far from MNIST's."""
    thinnest, thickest = (_ENLARGED * width for width in _STROKE_WIDTHS)
    width = measure_mask_stroke_width((ink > 0.5).astype(np.uint8))
    if width < thinnest:
        return np.asarray(cv2.dilate(ink, _make_disc(thinnest - width)), np.float32)
    if width > thickest:
        return np.asarray(cv2.erode(ink, _make_disc(min(width - thickest, 0.4 * width))), np.float32)
    return ink


def _make_disc(diameter: float) -> Mask:
    """Make a structuring element that changes the width of a stroke by about so many pixels."""
    side = 1 + max(0, round(diameter))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)

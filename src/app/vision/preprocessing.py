"""Find the digit of a picture and make it look as in MNIST: a 28x28 image, white on black."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Box, Mask, Picture, Plane
from src.app.vision.background import get_border
from src.app.vision.components import (
    Segment,
    find_components,
    make_segment,
    measure_gaps,
    merge_boxes,
    slice_with_margin,
)
from src.app.vision.ink import Ink, find_ink
from src.app.vision.page_detection import find_page
from src.data.image_statistics import measure_mask_stroke_width
from src.images.centering import DIGIT_BOX, center, resize
from src.images.digit_lines import LineImage, make_line_image

cv2.setNumThreads(0)  # Several pictures are already processed in parallel.

_ENLARGED = 4  # factor: strokes are made thinner or thicker on images enlarged by it
_BORDER = 2 * _ENLARGED  # pixels of background around enlarged ink
_STROKE_WIDTHS = (1.7, 3.2)  # pixels of the 28x28 image: strokes are brought between these
_MIN_SIZE = 5  # pixels of the ink: smaller components are specks
_ALIKE = 12  # grey levels: pixels of the border that differ less from its colour are background
_MAX_GAP = 0.22  # of the digit's size: to another large part of the same digit
_MIN_PART_MASS = 0.015  # of the digit's ink: smaller components are specks


@dataclass(frozen=True)
class Digit:
    """A digit as MNIST would show it."""

    image: npt.NDArray[np.uint8]  # (28, 28, 1)
    box: Box  # where the digit is in the picture
    line_proba: npt.NDArray[np.float32] | None = None  # (10,): predicted by the line network, if it was used

    def move(self, right: int, down: int, picture: Picture) -> "Digit":
        """Move the box so many pixels to the right and down, and clip it to the picture."""
        height, width = picture.shape[:2]
        left, top = max(self.box[0] + right, 0), max(self.box[1] + down, 0)
        return replace(self, box=(left, top, min(self.box[2] + right, width), min(self.box[3] + down, height)))


def find_digit(picture: Picture) -> Digit | None:
    """Find the one digit of a picture, on a page or on the whole picture; None if there is nothing like a digit.

    Args:
        picture: uint8 RGB (h, w, 3).
    """
    page = find_page(picture)
    digit = None if page is None else _find_on_background(page.picture)
    if page is None or digit is None:
        return _find_on_background(picture)
    return digit.move(page.left, page.top, picture)


def _find_on_background(picture: Picture) -> Digit | None:
    digit = _find(picture)
    if digit is not None and _count_touched_borders(digit.box, picture) < 2:
        return digit
    # In a picture cropped so closely that ink is at the border, there is too little background to separate ink from it.
    color = find_border_color(picture, 0.5)
    if color is None:
        return digit
    margin = max(2, max(picture.shape) // 4)
    wide = cv2.copyMakeBorder(picture, *(margin,) * 4, cv2.BORDER_CONSTANT, value=color.tolist())
    found = _find(np.asarray(wide, np.uint8))
    return digit if found is None else found.move(-margin, -margin, picture)


def find_border_color(picture: Picture, min_fraction: float) -> npt.NDArray[np.float32] | None:
    """Find the median colour of a picture's border.

    Args:
        picture: uint8 RGB (h, w, 3).
        min_fraction: the fraction of the border that must have about this colour.

    Returns:
        float32 RGB (3,), or None if less of the border has this colour.
    """
    border = get_border(picture).astype(np.float32)
    color = np.median(border, axis=0).astype(np.float32)
    return color if (np.abs(border - color).max(axis=1) < _ALIKE).mean() >= min_fraction else None


def _find(picture: Picture) -> Digit | None:
    ink = find_ink(picture)
    segment = None if ink is None else _choose_segment(ink)
    return None if ink is None or segment is None else extract_digit(ink, segment)


def _count_touched_borders(box: Box, picture: Picture) -> int:
    """Count the sides of the picture at which, or close to which, a box ends."""
    height, width = picture.shape[:2]
    near = max(height, width) / 50
    return sum((box[0] <= near, box[1] <= near, box[2] >= width - near, box[3] >= height - near))


def _choose_segment(ink: Ink) -> Segment | None:
    """Choose the component with the most ink and all components near it."""
    components = find_components(ink)
    boxes, mass, num_borders = components.boxes, components.mass, components.num_borders
    left, top, right, bottom = boxes.T
    # What touches the border is the edge of a table, a frame or a neighbour, unless there is nothing else.
    score = mass * np.array([1.0, 0.5, 0.1, 0.1, 0.1])[num_borders]
    score[np.maximum(right - left, bottom - top) < _MIN_SIZE] = 0
    main = int(score.argmax())
    if score[main] == 0:
        return None
    can_join = (mass >= _MIN_PART_MASS * mass[main]) & ((num_borders == 0) | (num_borders[main] > 0))
    can_join[0] = False  # The background.
    max_gap = _MAX_GAP * np.minimum(1, 0.35 + 1.5 * np.sqrt(mass / mass[main]))
    is_chosen = np.arange(len(mass)) == main
    while True:
        box = merge_boxes(boxes[is_chosen])
        size = max(box[2] - box[0], box[3] - box[1])
        joined = is_chosen | (can_join & (measure_gaps(boxes, box) <= max_gap * size))
        if (joined == is_chosen).all():
            return make_segment(components, np.flatnonzero(is_chosen).tolist())
        is_chosen = joined


def extract_digit(ink: Ink, segment: Segment, line_proba: npt.NDArray[np.float32] | None = None) -> Digit | None:
    """Make the image of a segment that is one digit, or return None if no ink is left.

    Args:
        ink: the ink that the segment is part of.
        segment: the digit.
        line_proba: float32 (10,): what the line network predicts for the digit, if it was used.
    """
    image = center(_extract_ink(ink, segment, max(segment.width, segment.height)))
    return None if image is None else Digit(image, merge_boxes(ink.scale * np.array([segment.box])), line_proba)


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
    """Cut out the ink of a segment, enlarge it so that `size` pixels become 80, and adapt the width of its strokes."""
    near = cv2.dilate(segment.mask, np.ones((5, 5), np.uint8))  # Faint ink beside strokes and in their hollows.
    strength = ink.strength[slice_with_margin(segment.box)] * near
    return _adapt_stroke_width(np.pad(resize(strength, DIGIT_BOX * _ENLARGED / size), _BORDER))


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

"""From any picture of a digit to what MNIST would have made of it: a 28x28 image, the digit white on black."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.app.vision.components import Box, find_strokes, measure_gaps, surround, widen
from src.app.vision.ink import Ink, find_ink
from src.app.vision.page_detection import find_sheet
from src.images.centering import DIGIT_BOX, center, resize
from src.images.digit_lines import LineImage, make_line_image

cv2.setNumThreads(0)  # pictures are read side by side already

FINE = 4  # strokes are made thinner or thicker on a canvas so much finer
BORDER = 2 * FINE  # pixels of paper around it
STROKE_WIDTHS = (1.9, 3.4)  # pixels; thinner and thicker strokes are brought there
MIN_HEIGHT = 5  # pixels of what is worked on: less is a speck
ALIKE = 12  # grey levels: what of a border is paper differs by less from most of it
NEAR = 0.22  # of the digit's size: how far off a large piece of the same digit may lie


@dataclass(frozen=True)
class Digit:
    """A digit as MNIST would show it."""

    image: np.ndarray  # uint8 (28, 28, 1)
    box: Box  # where it is in the picture


def find_digit(picture: np.ndarray) -> Digit | None:
    """Find the one digit of a picture, or None where there is nothing like a digit.

    Args:
        picture: uint8 RGB (h, w, 3), ink on paper or chalk on a board.
    """
    sheet = find_sheet(picture)
    digit = None if sheet is None else _find_on_paper(sheet.picture)
    if sheet is None or digit is None:
        return _find_on_paper(picture)
    return Digit(digit.image, move(digit.box, sheet.left, sheet.top, picture))


def _find_on_paper(picture: np.ndarray) -> Digit | None:
    digit = _find(picture)
    if digit is not None and _count_borders(digit.box, picture) < 2:
        return digit
    # Cut out so closely that ink is at the border, there is too little paper to tell ink from it: paper is added.
    margin = max(2, max(picture.shape) // 4)
    wide = _add_paper(picture, margin)
    wider = None if wide is None else _find(wide)
    return digit if wider is None else Digit(wider.image, move(wider.box, -margin, -margin, picture))


def _add_paper(picture: np.ndarray, margin: int) -> np.ndarray | None:
    """Add a margin of paper around a picture, or give None where most of its border is not alike."""
    color = find_border_color(picture, 0.5)
    if color is None:
        return None
    return np.asarray(cv2.copyMakeBorder(picture, *(margin,) * 4, cv2.BORDER_CONSTANT, value=color.tolist()))


def find_border_color(picture: np.ndarray, least: float) -> np.ndarray | None:
    """The usual colour of a picture's border, float32 RGB (3,), or None where less than this share of it is alike."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]]).astype(np.float32)
    color = np.median(border, axis=0)
    return color if (np.abs(border - color).max(axis=1) < ALIKE).mean() >= least else None


def move(box: Box, right: int, down: int, picture: np.ndarray) -> Box:
    """The box so many pixels further to the right and down, as far as it lies in a picture."""
    height, width = picture.shape[:2]
    return max(box[0] + right, 0), max(box[1] + down, 0), min(box[2] + right, width), min(box[3] + down, height)


def _find(picture: np.ndarray) -> Digit | None:
    ink = find_ink(picture)
    group = None if ink is None else _choose_strokes(ink)
    return None if ink is None or group is None else make_digit(ink, *group)


def _count_borders(box: Box, picture: np.ndarray) -> int:
    """At how many sides of the picture a box ends, or nearly so."""
    height, width = picture.shape[:2]
    near = max(height, width) / 50
    return (box[0] <= near) + (box[1] <= near) + (box[2] >= width - near) + (box[3] >= height - near)


def _choose_strokes(ink: Ink) -> tuple[np.ndarray, Box] | None:
    """Choose the largest stroke and all that is near it: their mask, a pixel wider than their box, and the box."""
    strokes = find_strokes(ink)
    mass, num_borders = strokes.mass, strokes.num_borders
    left, top, right, bottom = strokes.boxes.T
    # What hangs on the border is the table, a frame or a neighbour, unless there is nothing else.
    score = mass * np.array([1.0, 0.5, 0.1, 0.1, 0.1])[num_borders]
    score[np.maximum(right - left, bottom - top) < MIN_HEIGHT] = 0
    main = int(score.argmax())
    if score[main] == 0:
        return None
    can_join = (mass >= 0.015 * mass[main]) & ((num_borders == 0) | (num_borders[main] > 0))
    can_join[0] = False
    reach = NEAR * np.minimum(1, 0.35 + 1.5 * np.sqrt(mass / mass[main]))
    chosen = np.arange(len(mass)) == main
    while True:
        box = surround(strokes.boxes[chosen])
        joined = chosen | (
            can_join & (measure_gaps(strokes.boxes, box) <= reach * max(box[2] - box[0], box[3] - box[1]))
        )
        if (joined == chosen).all():
            return chosen.astype(np.uint8)[strokes.labels[widen(box)]], box
        chosen = joined


def make_digit(ink: Ink, mask: np.ndarray, box: Box) -> Digit | None:
    """Make a digit of strokes, or None where nothing is left of them.

    Args:
        mask: uint8, 1 on the strokes, of `widen(box)`.
        box: around them, in the pixels of the ink.
    """
    image = center(_take(ink, mask, box, max(box[2] - box[0], box[3] - box[1])))
    return None if image is None else Digit(image, surround(ink.scale * np.array([box])))


def make_strip(ink: Ink, mask: np.ndarray, box: Box, height: float) -> LineImage | None:
    """The same for strokes that may be several digits, so many pixels high, or lower; `to_ink` leads from the strip's
    columns to the mask's."""
    strip = make_line_image(_take(ink, mask, box, height), DIGIT_BOX * FINE)
    if strip is None:
        return None
    factor = DIGIT_BOX * FINE / height  # from the pixels of the ink to those of what was taken
    return LineImage(strip.image, strip.scale * factor, (strip.start - BORDER) / factor)


def _take(ink: Ink, mask: np.ndarray, box: Box, size: float) -> np.ndarray:
    """Strokes so much larger that `size` pixels become 80, with strokes as wide as MNIST's: float32 (h, w)."""
    near = cv2.dilate(mask, np.ones((5, 5), np.uint8))  # faint ink lies in the hollows of strokes
    strokes = resize(ink.strength[widen(box)] * near, DIGIT_BOX * FINE / size)
    return _bring_stroke_width(np.pad(strokes, BORDER))


def measure_stroke_width(mask: np.ndarray) -> float:
    """The typical stroke width of a uint8 mask, in pixels: a stroke's pixels are a quarter of it from its edge."""
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 3)[mask > 0]
    return 4 * float(distance.mean()) - 1 if len(distance) else 0.0


def _bring_stroke_width(digit: np.ndarray) -> np.ndarray:
    """Make strokes thicker or thinner if they are far from MNIST's."""
    thinnest, thickest = (FINE * width for width in STROKE_WIDTHS)
    width = measure_stroke_width((digit > 0.5).astype(np.uint8))
    if width < thinnest:
        return cv2.dilate(digit, _disc(thinnest - width))
    return cv2.erode(digit, _disc(min(width - thickest, 0.4 * width))) if width > thickest else digit


def _disc(diameter: float) -> np.ndarray:
    """A structuring element that changes a stroke's width by about so many pixels."""
    side = 1 + max(0, round(diameter))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))

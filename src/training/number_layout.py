"""How people write numbers: gaps, touching digits, slanted and rising lines, decimal points, commas and minuses."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from src.images.centering import INK_THRESHOLD, InkImage, find_extent, resize

_INK = 0.24  # fraction of full ink: fainter pixels count as background
# Lengths are in units of the digits' height.
_MAX_RISE = 0.7  # how much higher one end of a number is
_ADVANCE = 0.8  # from one digit to the next, about
_BORDER = 0.4  # background around a number
_MIN_DISTANCE = 0.3  # between the centres of neighbours


@dataclass(frozen=True)
class LayoutRecipe:
    """How digits stand in a number. Lengths are in units of the digits' height unless they say otherwise."""

    zoom: float = 0.12  # of each digit, both ways
    unsteadiness: float = 0.25  # largest standard deviation of the digits' height above their baseline
    touching_probability: float = 0.35  # of a number whose digits touch or nearly so
    touching_gaps: tuple[float, float] = (-0.12, 0.05)  # its mean gap, smallest and largest
    gaps: tuple[float, float] = (0.05, 1.0)  # the mean gap of other numbers
    mark_probability: float = 0.12  # of a point, comma or minus in a number
    shear: float = 0.25  # columns per row, of a whole number, both ways
    max_slope: float = 10.0  # degrees: of a whole number, rising or falling, if it is short
    cut_probability: float = 0.12  # of a number that is cut by the picture's border
    max_cut: float = 0.3  # fraction of a digit's width that is cut off; of its height, half as much


Boxes = npt.NDArray[np.float64]
"""(n, 2): left and right end of each digit, in pixels."""


@dataclass(frozen=True)
class _Glyph:
    """A digit or a mark in a number."""

    ink: InkImage  # (h, w), cut out
    is_digit: bool
    top: int  # row of its upper edge; digits stand on row 0
    left: int = 0

    @property
    def bottom(self) -> int:
        return self.top + len(self.ink)

    @property
    def right(self) -> int:
        return self.left + int(self.ink.shape[1])


def write_number(
    recipe: LayoutRecipe, digits: list[InkImage], height: float, rng: np.random.Generator
) -> tuple[InkImage, Boxes]:
    """Put digits side by side, some with a mark between them; slant the number, and cut it at the border.

    Args:
        recipe: how.
        digits: float32 (h, w) from 0 to 1, with background around the ink.
        height: pixels of the digits.
        rng: of everything.

    Returns:
        The ink, float32 (h, w), and where the digits are in it.
    """
    glyphs = [_cut_out(recipe, digit, rng) for digit in digits]
    if rng.random() < recipe.mark_probability:
        glyphs.insert(int(rng.integers(len(glyphs) + 1)), _draw_mark(height, rng))
    ink, boxes = _compose(recipe, glyphs, height, rng)
    return _cut(recipe, ink, boxes, height, rng) if rng.random() < recipe.cut_probability else (ink, boxes)


def _cut_out(recipe: LayoutRecipe, digit: InkImage, rng: np.random.Generator) -> _Glyph:
    """Cut out the ink of a digit and enlarge or shrink it a little."""
    rows, columns = find_extent(digit >= min(_INK, digit.max()))
    cropped = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scaled = resize(cropped, rng.uniform(1 - recipe.zoom, 1 + recipe.zoom))
    return _Glyph(scaled, True, -len(scaled))


def _draw_mark(height: float, rng: np.random.Generator) -> _Glyph:
    """Draw a decimal point, a comma or a minus, of which the network finds none."""
    kind, width = rng.integers(3), height * rng.uniform(0.08, 0.2)
    size = height * np.array([(0.0, 0.0), (0.1, 0.22), (rng.uniform(0.3, 0.6), 0.0)][kind]) + width
    canvas = np.zeros(np.ceil(size[::-1]).astype(int) + 1, np.float32)
    end = np.maximum(size - width / 2, width / 2).round().astype(int).tolist()
    start = [round(width / 2)] * 2
    if kind == 1:  # A comma goes down to the left.
        start[0], end[0] = end[0], start[0]
    cv2.line(canvas, start, end, 1.0, max(1, round(width)), cv2.LINE_AA)
    top = [-len(canvas), -round(width), -round(height * rng.uniform(0.35, 0.6))][kind]
    return _Glyph(canvas, False, top)


def _compose(
    recipe: LayoutRecipe, glyphs: list[_Glyph], height: float, rng: np.random.Generator
) -> tuple[InkImage, Boxes]:
    """Write a number on a slanted or rising line; its digits turn with the line, or stay upright."""
    slope = min(np.tan(np.radians(recipe.max_slope)), _MAX_RISE / (_ADVANCE * len(glyphs))) * rng.uniform(-1, 1)
    turns = rng.random() < 0.5
    placed = _place(recipe, glyphs, height, 0.0 if turns else slope, rng)
    width, border = placed[-1].right, round(_BORDER * height)
    above = border + round(abs(slope) * width) - min(glyph.top for glyph in placed)
    below = border + round(abs(slope) * width) + max(0, *(glyph.bottom for glyph in placed))
    ink = np.zeros((above + below, width + 2 * border), np.float32)
    for glyph in placed:
        area = ink[above + glyph.top : above + glyph.bottom, border + glyph.left : border + glyph.right]
        np.maximum(area, glyph.ink, out=area)
    shear = rng.uniform(-recipe.shear, recipe.shear)
    # Rows and columns of the picture from those of the canvas; the middle of the line stays where it is.
    matrix = np.array([[1.0, -shear], [-slope if turns else 0.0, 1.0]])
    middle = np.array([border + width / 2, above - height / 2])
    matrix = np.column_stack([matrix, middle - matrix @ middle])
    corners = [
        (border + x, above + (glyph.top + glyph.bottom) / 2, 1)
        for glyph in placed
        if glyph.is_digit
        for x in (glyph.left, glyph.right)
    ]
    boxes = (np.array(corners) @ matrix[0]).reshape(-1, 2)
    return np.asarray(cv2.warpAffine(ink, matrix, ink.shape[::-1])), boxes


def _place(
    recipe: LayoutRecipe, glyphs: list[_Glyph], height: float, slope: float, rng: np.random.Generator
) -> list[_Glyph]:
    """Put glyphs side by side, on a line that rises by `slope` rows per column."""
    gap = rng.uniform(*recipe.touching_gaps)
    if rng.random() >= recipe.touching_probability:
        gap = recipe.gaps[0] + np.ptp(recipe.gaps) * rng.random() ** 2  # Small gaps are more frequent.
    unsteadiness = recipe.unsteadiness * rng.random() ** 2
    placed: list[_Glyph] = []
    for glyph in glyphs:
        left = placed[-1].right if placed else 0
        rise = slope * left + rng.normal(0, unsteadiness) * height
        moved = replace(glyph, top=glyph.top - round(rise))
        own_gap = round(height * rng.normal(gap, 0.04 + 0.15 * abs(gap)))
        placed.append(replace(moved, left=_find_left(placed[-1], moved, own_gap, height)) if placed else moved)
    return placed


def _find_left(previous: _Glyph, glyph: _Glyph, gap: int, height: float) -> int:
    """Compute the column of a glyph that leaves this gap to the previous one in the row where they are closest.

    Its centre is to the right of the previous one's by `_MIN_DISTANCE` at least.
    """
    start, end = max(glyph.top, previous.top), min(glyph.bottom, previous.bottom)
    free = 0
    if start < end:
        ends = _measure_background(previous.ink[start - previous.top : end - previous.top, ::-1])
        starts = _measure_background(glyph.ink[start - glyph.top : end - glyph.top])
        free = int((ends + starts).min())
    width = glyph.right - glyph.left
    leftmost = (previous.left + previous.right - width) / 2 + _MIN_DISTANCE * height
    return round(max(leftmost, previous.right - free + gap))


def _measure_background(ink: InkImage) -> npt.NDArray[np.int64]:
    """Count the pixels to the left of the ink in each row; the whole width in a row without ink."""
    inked = ink >= _INK
    return np.asarray(np.where(inked.any(axis=1), inked.argmax(axis=1), ink.shape[1]), np.int64)


def _cut(
    recipe: LayoutRecipe, ink: InkImage, boxes: Boxes, height: float, rng: np.random.Generator
) -> tuple[InkImage, Boxes]:
    """Cut off a part of the first digit, of the last one, or of all from above or below."""
    amount = recipe.max_cut * rng.random()
    side = rng.integers(4)
    left, right, top, bottom = 0, ink.shape[1], 0, ink.shape[0]
    rows, _ = find_extent(ink > INK_THRESHOLD)
    if side == 0:
        left = max(0, round(boxes[0, 0] + amount * (boxes[0, 1] - boxes[0, 0])))
    elif side == 1:
        right = round(boxes[-1, 1] - amount * (boxes[-1, 1] - boxes[-1, 0]))
    elif side == 2 and len(rows):
        top = rows[0] + round(amount / 2 * height)
    elif len(rows):
        bottom = rows[-1] + 1 - round(amount / 2 * height)
    return ink[top:bottom, left:right], boxes.clip(left, right) - left

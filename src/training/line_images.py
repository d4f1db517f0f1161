"""Training images of the line network: numbers of one to twelve digits, as people write them and pictures show them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, islice

import cv2
import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from src.common.arrays import Images, Labels
from src.common.competition import IMAGE_SIDE
from src.images.augmentation import Augmentation
from src.images.centering import DIGIT_BOX, INK_THRESHOLD, InkImage, find_extent, resize
from src.images.digit_lines import COLUMN_STEP, encode_digit_centers, find_digit_centers, make_line_image
from src.images.drawn_digits import DRAWN_HEIGHT
from src.training.handwriting import TrainingHands, distort, draw_digits_of_one_hand
from src.training.line_pictures import PictureRecipe, spoil_with_lines, take_picture

LINE_WIDTH = 288
"""Pixels: every training image has this width. Numbers stand in it side by side."""
_CHUNK = 256  # lines that are made at once, from random numbers of their own
_BATCH = 64  # numbers whose training images are distorted at once
_MIN_INK_FOUND = 0.5  # fraction of the ink: numbers that lose more in the picture cannot be read
_INK = 0.24  # fraction of full ink: fainter pixels count as background
# Lengths are in units of the digits' height.
_MAX_RISE = 0.7  # how much higher one end of a number is
_ADVANCE = 0.8  # from one digit to the next, about
_BORDER = 0.4  # background around a number
_MIN_DISTANCE = 0.3  # between the centres of neighbours


@dataclass(frozen=True)
class LineImageRecipe:
    """How numbers are made. Lengths are in units of the digits' height unless they say otherwise."""

    # Of one digit in a number, two, ..., twelve:
    count_weights: tuple[float, ...] = (3, 3, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1)
    heights: tuple[float, float] = (8.0, 60.0)  # pixels of the digits in the picture, smallest and largest
    drawn_probability: float = 0.4  # of a number to be drawn instead of being composed of training images
    augmentation: Augmentation = Augmentation(rotation=5.0, zoom=0.1, shift=0.0, shear=5.0, elastic=0.7)  # of each one
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
    digit_heights: tuple[float, float] = (0.85, 1.25)  # what the app takes for the digits' height
    picture: PictureRecipe = PictureRecipe()


@dataclass(frozen=True)
class Number:
    """A number as the line network gets it."""

    image: npt.NDArray[np.uint8]  # (28, w, 1)
    target: npt.NDArray[np.float32]  # (w / COLUMN_STEP, 11)
    labels: list[int]
    height: float  # pixels of its digits in the picture it was found in


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


def make_lines(
    recipe: LineImageRecipe, images: Images, labels: Labels, num_lines: int, seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Make images of equal width that hold as many numbers as fit in.

    Args:
        recipe: how numbers are made.
        images: uint8 (n, 28, 28, 1), from which digits are taken.
        labels: int64 (n,).
        num_lines: how many images are made.
        seed: the same seed gives the same images.

    Returns:
        Line images, uint8 (num_lines, 28, 288, 1), and targets of the network, float32 (num_lines, 144, 11).
    """
    hands = TrainingHands(images, labels)
    lines, targets = _make_empty_lines(num_lines)
    starts = range(0, num_lines, _CHUNK)
    chunks = Parallel(n_jobs=1 if len(starts) == 1 else -1, return_as="generator")(
        delayed(_make_chunk)(recipe, hands, min(_CHUNK, num_lines - start), (seed, start)) for start in starts
    )
    for start, chunk in zip(starts, chunks, strict=True):
        for array, part in zip((lines, targets), chunk, strict=True):
            array[start : start + len(part)] = part
    return lines, targets


def make_numbers(recipe: LineImageRecipe, images: Images, labels: Labels, num_numbers: int, seed: int) -> list[Number]:
    """Make numbers for a measurement, each an image of its own; for the arguments, see `make_lines`."""
    return list(islice(_generate_numbers(recipe, TrainingHands(images, labels), (seed,)), num_numbers))


Lines = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]
"""Line images, (n, 28, 288, 1), and targets, (n, 144, 11)."""


def _make_empty_lines(num_lines: int) -> Lines:
    target = encode_digit_centers(LINE_WIDTH, [], [])
    return np.zeros((num_lines, IMAGE_SIDE, LINE_WIDTH, 1), np.uint8), np.repeat(target[None], num_lines, axis=0)


def _make_chunk(recipe: LineImageRecipe, hands: TrainingHands, num_lines: int, seed: tuple[int, ...]) -> Lines:
    """Put each number into the first line that has space for it, until a number fits in none."""
    lines, targets = _make_empty_lines(num_lines)
    ends = np.zeros(num_lines, np.int64)
    for number in _generate_numbers(recipe, hands, seed):
        width = number.image.shape[1]
        fitting = np.flatnonzero(ends + width <= LINE_WIDTH)
        if not len(fitting):
            break
        row, start = fitting[0], ends[fitting[0]]
        lines[row, :, start : start + width] = number.image
        targets[row, start // COLUMN_STEP : (start + width) // COLUMN_STEP] = number.target
        ends[row] += width
    return lines, targets


def _generate_numbers(recipe: LineImageRecipe, hands: TrainingHands, seed: tuple[int, ...]) -> Iterator[Number]:
    """Generate numbers without end, none wider than a line."""
    weights = np.array(recipe.count_weights) / sum(recipe.count_weights)
    for batch in count():
        rng = np.random.default_rng([*seed, batch])
        counts = 1 + rng.choice(len(weights), size=_BATCH, p=weights)
        labels = [hands.labels[rng.integers(len(hands.labels), size=size)].tolist() for size in counts]
        heights = np.exp(rng.uniform(*np.log(recipe.heights), size=_BATCH))
        is_drawn = rng.random(_BATCH) < recipe.drawn_probability
        composed = [number for number in range(_BATCH) if not is_drawn[number]]
        rows = [hands.choose(labels[number], rng) for number in composed]
        digits = distort(recipe.augmentation, hands.images[np.concatenate(rows)], (*seed, batch))
        distorted = dict(zip(composed, np.split(digits, np.cumsum([len(part) for part in rows])[:-1]), strict=True))
        for number, (height, own_labels) in enumerate(zip(heights.tolist(), labels, strict=True)):
            if is_drawn[number]:
                inks, scale = draw_digits_of_one_hand(own_labels, height, rng), height / DRAWN_HEIGHT
            else:
                inks, scale = list(distorted[number]), height / DIGIT_BOX
            made = _make_number(recipe, inks, own_labels, height, scale, rng)
            if made is not None:
                yield made


def _make_number(
    recipe: LineImageRecipe,
    inks: list[InkImage],
    labels: list[int],
    height: float,
    scale: float,
    rng: np.random.Generator,
) -> Number | None:
    """Make a number of its digits; None if it is too wide or too faint, or if two centres are too close.

    Args:
        recipe: how.
        inks: one for each digit, of any size.
        labels: the digits.
        height: pixels of the digits in the picture.
        scale: from the inks to the picture.
        rng: of everything else.
    """
    glyphs = [_scale(recipe, ink, scale, rng) for ink in inks]
    if rng.random() < recipe.mark_probability:
        glyphs.insert(int(rng.integers(len(glyphs) + 1)), _draw_mark(height, rng))
    ink, boxes = _compose(recipe, glyphs, height, rng)
    ink = spoil_with_lines(recipe.picture, ink, height, rng)
    if rng.random() < recipe.cut_probability:
        ink, boxes = _cut(recipe, ink, boxes, height, rng)
    found_ink = take_picture(recipe.picture, ink, height, rng)
    line = make_line_image(found_ink, height * rng.uniform(*recipe.digit_heights))
    if line is None or line.image.shape[1] > LINE_WIDTH or found_ink.sum() < _MIN_INK_FOUND * ink.sum():
        return None
    centers = [(line.to_line((left + right) / 2), line.scale * (right - left)) for left, right in boxes]
    target = encode_digit_centers(line.image.shape[1], centers, labels)
    found = [int(center.proba.argmax()) for center in find_digit_centers(target)]
    return Number(line.image, target, labels, height) if found == labels else None


def _scale(recipe: LineImageRecipe, ink: InkImage, scale: float, rng: np.random.Generator) -> _Glyph:
    """Cut out a digit and bring it to its size in the picture."""
    rows, columns = find_extent(ink >= min(_INK, ink.max()))
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scaled = resize(cropped, scale * rng.uniform(1 - recipe.zoom, 1 + recipe.zoom))
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
    recipe: LineImageRecipe, glyphs: list[_Glyph], height: float, rng: np.random.Generator
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
    recipe: LineImageRecipe, glyphs: list[_Glyph], height: float, slope: float, rng: np.random.Generator
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
    recipe: LineImageRecipe, ink: InkImage, boxes: Boxes, height: float, rng: np.random.Generator
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

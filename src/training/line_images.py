"""Training images of the line network: distorted digits pushed together until they touch."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images, Labels
from src.common.competition import IMAGE_SIDE
from src.images.augmentation import Augmentation, augment
from src.images.centering import find_extent
from src.images.digit_lines import LineImage, encode_digit_centers, find_digit_centers, make_line_image

LINE_WIDTH = 72
"""Pixels: every line image has this width."""
_CHUNK = 2048  # lines that are made at once: bounds the memory
_INK = 60  # grey levels: fainter pixels count as background
_BASELINE, _CANVAS_HEIGHT, _BORDER = 40, 56, 12  # pixels: row that digits stand on, rows, background on each side


@dataclass(frozen=True)
class LineImageRecipe:
    """How lines of digits are made."""

    count_probabilities: tuple[float, ...] = (0.25, 0.5, 0.25)  # of one digit in a line, two, three
    augmentation: Augmentation = Augmentation(rotation=15.0, elastic=0.7, stroke_probability=0.3)  # of each digit
    zoom: float = 0.18  # of each digit, both ways
    max_rise: int = 3  # pixels that a digit stands higher or lower
    gaps: tuple[int, int] = (
        -3,
        3,
    )  # pixels, smallest and largest, between neighbours in the row where they are closest
    shear: float = 0.3  # of a whole line, both ways
    rotation: float = 10.0  # degrees, of a whole line, both ways
    blur_probability: float = 0.5
    blur: tuple[float, float] = (0.3, 1.2)  # pixels, smallest and largest standard deviation
    digit_heights: tuple[float, float] = (17.0, 23.0)  # pixels, smallest and largest: of the digits of the whole line
    ruled_line_probability: float = 0.25  # of a ruled line that was erased and took ink with it
    max_ink_left: float = 0.6  # fraction of the ink on such a ruled line


PlacedDigit = tuple[npt.NDArray[np.uint8], int, int]
"""A digit, (h, w), and the row and column of its top left corner."""


def make_lines(
    recipe: LineImageRecipe, images: Images, labels: Labels, num_lines: int, seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Place digits side by side.

    Args:
        recipe: how.
        images: uint8 (n, 28, 28, 1), from which the digits are drawn.
        labels: int64 (n,).
        num_lines: how many lines are made.
        seed: the same seed gives the same lines.

    Returns:
        Line images, uint8 (num_lines, 28, 72, 1), and targets of the network, float32 (num_lines, 36, 11).
    """
    lines, targets = np.zeros((num_lines, IMAGE_SIDE, LINE_WIDTH, 1), np.uint8), []
    for start in range(0, num_lines, _CHUNK):
        rng = np.random.default_rng([seed, start])
        size = min(_CHUNK, num_lines - start)
        rows = rng.integers(len(labels), size=(size, len(recipe.count_probabilities)))
        distorted = augment(recipe.augmentation, images[rows.ravel()], (seed, start))
        distorted = distorted.reshape(*rows.shape, *distorted.shape[1:])
        counts = 1 + rng.choice(len(recipe.count_probabilities), size=size, p=recipe.count_probabilities)
        for i, count in enumerate(counts):
            line, target = _make_line(recipe, distorted[i, :count], labels[rows[i, :count]].tolist(), rng)
            lines[start + i, :, : line.shape[1]] = line
            targets.append(target)
    return lines, np.stack(targets)


def _make_line(
    recipe: LineImageRecipe, digits: Images, labels: list[int], rng: np.random.Generator
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Make one line; with fewer digits if they are too wide together, have no separate centres, or have no ink."""
    while labels:
        line, centers = _draw_line(recipe, [_crop_and_zoom(recipe, digit, rng) for digit in digits], rng)
        if line is not None and line.image.shape[1] <= LINE_WIDTH:
            target = encode_digit_centers(LINE_WIDTH, centers, labels)
            if [int(center.proba.argmax()) for center in find_digit_centers(target)] == labels:
                return line.image, target
        digits, labels = digits[:-1], labels[:-1]
    return np.zeros((IMAGE_SIDE, 0, 1), np.uint8), encode_digit_centers(LINE_WIDTH, [], [])


def _crop_and_zoom(recipe: LineImageRecipe, digit: Images, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Cut out the ink of a digit, enlarged or shrunk: uint8 (h, w)."""
    zoom = rng.uniform(1 - recipe.zoom, 1 + recipe.zoom)
    zoomed = cv2.resize(digit, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
    rows, columns = find_extent(zoomed >= min(_INK, zoomed.max()))
    return np.asarray(zoomed[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.uint8)


def _draw_line(
    recipe: LineImageRecipe, digits: list[npt.NDArray[np.uint8]], rng: np.random.Generator
) -> tuple[LineImage | None, list[tuple[float, float]]]:
    """Place digits, slant and blur them together; also return the centre and the width of each, in pixels."""
    placed = _place(recipe, digits, rng)
    ink = np.zeros((_CANVAS_HEIGHT, max(left + digit.shape[1] for digit, _, left in placed) + _BORDER), np.float32)
    for digit, top, left in placed:
        area = ink[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(area, digit / np.float32(255), out=area)
    if rng.random() < recipe.ruled_line_probability:
        row = _BASELINE - int(rng.integers(IMAGE_SIDE))
        ink[row : row + int(rng.integers(1, 3))] *= rng.uniform(0, recipe.max_ink_left)
    matrix = _draw_matrix(recipe, ink.shape, rng)
    ink = np.asarray(cv2.warpAffine(ink, matrix, ink.shape[::-1]))
    if rng.random() < recipe.blur_probability:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), rng.uniform(*recipe.blur)))
    line = make_line_image(ink, rng.uniform(*recipe.digit_heights))
    if line is None:
        return None, []
    centers = [matrix @ (left + digit.shape[1] / 2, top + digit.shape[0] / 2, 1) for digit, top, left in placed]
    return line, [
        (line.to_line(x), line.scale * digit.shape[1]) for (x, _), (digit, _, _) in zip(centers, placed, strict=True)
    ]


def _place(recipe: LineImageRecipe, digits: list[npt.NDArray[np.uint8]], rng: np.random.Generator) -> list[PlacedDigit]:
    placed: list[PlacedDigit] = []
    for digit in digits:
        top = _BASELINE - len(digit) + int(rng.integers(-recipe.max_rise, recipe.max_rise + 1))
        gap = int(rng.integers(recipe.gaps[0], recipe.gaps[1] + 1))
        placed.append((digit, top, _find_left(placed[-1], digit, top, gap) if placed else _BORDER))
    return placed


def _find_left(previous: PlacedDigit, digit: npt.NDArray[np.uint8], top: int, gap: int) -> int:
    """Compute the column of a digit that leaves this gap to the previous one, without covering it."""
    other, other_top, other_left = previous
    start, end = max(top, other_top), min(top + len(digit), other_top + len(other))
    right = int(other_left + other.shape[1])
    if start >= end:
        return right
    ends = _measure_background(other[start - other_top : end - other_top, ::-1])
    starts = _measure_background(digit[start - top : end - top])
    leftmost = right - min(digit.shape[1], other.shape[1]) // 2
    return int(max(leftmost, right - (ends + starts).min() + gap))


def _measure_background(digit: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Count the pixels to the left of the ink in each row; the whole width in a row without ink."""
    inked = digit >= _INK
    return np.asarray(np.where(inked.any(axis=1), inked.argmax(axis=1), digit.shape[1]), np.int64)


def _draw_matrix(recipe: LineImageRecipe, shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw a random shear and rotation about the middle of an image: float64 (2, 3)."""
    height, width = shape
    rotation = rng.uniform(-recipe.rotation, recipe.rotation)
    shear = rng.uniform(-recipe.shear, recipe.shear)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rotation, 1.0)
    return np.asarray(matrix @ np.array([[1, shear, -shear * height / 2], [0, 1, 0], [0, 0, 1]]))

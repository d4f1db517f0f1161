"""Training images of the line network: numbers of one to twelve digits, as people write them and pictures show them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from src.common.arrays import Images, Labels
from src.common.competition import IMAGE_SIDE
from src.common.progress import bar
from src.images.augmentation import Augmentation
from src.images.centering import DIGIT_BOX, InkImage, resize
from src.images.digit_lines import COLUMN_STEP, encode_digit_centers, find_digit_centers, make_line_image
from src.images.drawn_digits import DRAWN_HEIGHT
from src.training.handwriting import TrainingHands, distort, draw_digits_of_one_hand
from src.training.line_pictures import PictureRecipe, take_picture
from src.training.number_layout import LayoutRecipe, write_number

LINE_WIDTH = 288
"""Pixels: every training image has this width. Numbers stand in it side by side."""
_CHUNK = 256  # lines that are made at once, from random numbers of their own
_BATCH = 64  # numbers whose training images are distorted at once
_MIN_INK_FOUND = 0.5  # fraction of the ink: numbers that lose more in the picture cannot be read


@dataclass(frozen=True)
class LineImageRecipe:
    """How numbers are made."""

    # Of one digit in a number, two, ..., twelve:
    count_weights: tuple[float, ...] = (3, 3, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1)
    heights: tuple[float, float] = (8.0, 60.0)  # pixels of the digits in the picture, smallest and largest
    drawn_probability: float = 0.4  # of a number to be drawn instead of being composed of training images
    augmentation: Augmentation = Augmentation(rotation=5.0, zoom=0.1, shift=0.0, shear=5.0, elastic=0.7)  # of each one
    layout: LayoutRecipe = LayoutRecipe()
    picture: PictureRecipe = PictureRecipe()
    digit_heights: tuple[float, float] = (0.85, 1.25)  # what the app takes for the digits' height, times their height


@dataclass(frozen=True)
class Number:
    """A number as the line network gets it."""

    image: npt.NDArray[np.uint8]  # (28, w, 1)
    target: npt.NDArray[np.float32]  # (w / COLUMN_STEP, 11)
    labels: list[int]
    height: float  # pixels of its digits in the picture it was found in


Lines = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]
"""Line images, (n, 28, 288, 1), and targets, (n, 144, 11)."""


def make_lines(recipe: LineImageRecipe, images: Images, labels: Labels, num_lines: int, seed: int) -> Lines:
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
    with bar("lines", len(starts)) as chunk_done:
        for start, chunk in zip(starts, chunks, strict=True):
            lines[start : start + _CHUNK], targets[start : start + _CHUNK] = chunk
            chunk_done()
    return lines, targets


def make_numbers(recipe: LineImageRecipe, images: Images, labels: Labels, num_numbers: int, seed: int) -> list[Number]:
    """Make numbers for a measurement, each an image of its own; for the arguments, see `make_lines`."""
    return list(islice(_generate_numbers(recipe, TrainingHands(images, labels), (seed,)), num_numbers))


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
        heights = np.exp(rng.uniform(np.log(recipe.heights[0]), np.log(recipe.heights[1]), size=_BATCH))
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
    ink, boxes = write_number(recipe.layout, [resize(ink, scale) for ink in inks], height, rng)
    found_ink = take_picture(recipe.picture, ink, height, rng)
    line = make_line_image(found_ink, height * rng.uniform(*recipe.digit_heights))
    if line is None or line.image.shape[1] > LINE_WIDTH or found_ink.sum() < _MIN_INK_FOUND * ink.sum():
        return None
    centers = [(line.to_line((left + right) / 2), line.scale * (right - left)) for left, right in boxes]
    target = encode_digit_centers(line.image.shape[1], centers, labels)
    found = [int(center.proba.argmax()) for center in find_digit_centers(target)]
    return Number(line.image, target, labels, height) if found == labels else None

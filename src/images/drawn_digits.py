"""Digits drawn by random pens along the shapes of src/images/digit_shapes.py, for what the training images lack.

Each digit has a shape, a slant, a width and a pen of its own, from a pencil's hairline to a marker that fills holes.
Some are drawn as small pictures, so that their pixels show as stairs. `center` fits them into 28x28 pixels, as the app
does with pictures.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from src.common.arrays import Images, LabelledImages
from src.common.competition import NUM_CLASSES
from src.images.centering import DIGIT_BOX, InkImage, center, find_extent, resize
from src.images.digit_shapes import DIGIT_SHAPES, Shape, Stroke

Points = npt.NDArray[np.float32]
"""(k, 2): x and y."""

DRAWN_HEIGHT = 80
"""Pixels: digits are drawn so high."""
_MARGIN = 24  # pixels of background around them
_SCALE = DRAWN_HEIGHT / DIGIT_BOX  # pixels of the drawing in a pixel of the 28x28 image
_STEPS = 8  # points from one control point to the next
_POWERS = np.vander(np.arange(_STEPS) / _STEPS, 4, increasing=True)
_SPLINE = _POWERS @ np.array([[0, 2, 0, 0], [-1, 0, 1, 0], [2, -5, 4, -1], [-1, 3, -3, 1]]) / 2
"""(_STEPS, 4): weights of four neighbouring control points for the points between the middle two (Catmull-Rom)."""
_SHIFT = 3  # bits of OpenCV's coordinates after the binary point


@dataclass(frozen=True)
class Pen:
    """What a digit is drawn with."""

    width: float  # pixels of the 28x28 image
    pressure: float  # fraction by which the width varies along a stroke
    nib: float | None  # degrees: the angle of a chisel; None for a round pen
    softness: float  # pixels of the 28x28 image: standard deviation of the blur
    mottling: float  # fraction of the ink that may be missing in places


@dataclass(frozen=True)
class Glyph:
    """The form of a digit, without its pen."""

    shape: Shape
    offsets: list[npt.NDArray[np.float64]]  # (k, 2) for each stroke: of its control points, -1 to 1 of their ranges

    def vary(self, amount: float, rng: np.random.Generator) -> "Glyph":
        """Write the same form again: offsets come closer to random ones by a fraction of the way."""
        fresh = _draw_offsets(self.shape, rng)
        offsets = [own + amount * (new - own) for own, new in zip(self.offsets, fresh, strict=True)]
        return replace(self, offsets=offsets)


@dataclass(frozen=True)
class Stance:
    """How a hand stretches and leans its digits."""

    aspect: float  # width over height, before the slant
    slant: float  # columns to the right per row upwards
    angle: float  # radians


def draw_digits(num_digits: int, seed: int) -> LabelledImages:
    """Draw digits; each class is as frequent as the others.

    Args:
        num_digits: how many.
        seed: the same seed gives the same images.

    Returns:
        uint8 (num_digits, 28, 28, 1) and int64 (num_digits,).
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(NUM_CLASSES, size=num_digits)
    return LabelledImages(np.stack([_draw_image(label, rng) for label in labels.tolist()]), labels)


def _draw_image(label: int, rng: np.random.Generator) -> Images:
    image = None
    while image is None:  # Too faint to leave anything.
        image = center(_draw_ink(draw_glyph(label, rng), rng))
    return image


def draw_glyph(label: int, rng: np.random.Generator) -> Glyph:
    """Draw one of the shapes of a digit, and where in their ranges its control points lie."""
    shapes = DIGIT_SHAPES[label]
    weights = np.array([shape.weight for shape in shapes])
    shape = shapes[rng.choice(len(shapes), p=weights / weights.sum())]
    return Glyph(shape, _draw_offsets(shape, rng))


def _draw_offsets(shape: Shape, rng: np.random.Generator) -> list[npt.NDArray[np.float64]]:
    return [rng.uniform(-1, 1, stroke.points.shape) for stroke in shape.strokes]


def draw_stance(rng: np.random.Generator) -> Stance:
    """Draw an aspect ratio, a slant and an angle."""
    aspect = rng.uniform(0.4, 1.0)
    return Stance(aspect, float(np.tan(np.radians(rng.normal(8, 13)))), float(np.radians(rng.normal(0, 6))))


def _draw_ink(glyph: Glyph, rng: np.random.Generator) -> InkImage:
    lines = _place(glyph, draw_stance(rng))
    kind = rng.random()
    if kind < 0.12:
        return _draw_hairlines(lines, int(rng.integers(12, 40)))
    pen = draw_pen(rng)
    ink = _draw_strokes(lines, pen, rng)
    return ink if kind < 0.6 else _make_small(ink, pen.width * (1 - pen.pressure), rng)


def write_glyph(glyph: Glyph, stance: Stance, pen: Pen, rng: np.random.Generator) -> InkImage:
    """Draw a digit with a pen; it is `DRAWN_HEIGHT` pixels high, or less if it is wider than high.

    Args:
        glyph: its form.
        stance: of the hand.
        pen: what it is drawn with.
        rng: of the pen's pressure and mottles.

    Returns:
        float32 (128, 128), with background on all sides.
    """
    return _draw_strokes(_place(glyph, stance), pen, rng)


def draw_pen(rng: np.random.Generator) -> Pen:
    """Draw a pen, from a hairline to a marker that fills holes."""
    return Pen(
        width=float(np.exp(rng.uniform(np.log(1.0), np.log(4.8)))),
        pressure=rng.uniform(0, 0.5),
        nib=rng.uniform(0, 180) if rng.random() < 0.2 else None,
        softness=rng.uniform(0.1, 0.9),
        mottling=rng.uniform(0.2, 0.9) if rng.random() < 0.2 else 0.0,
    )


def _trace(stroke: Stroke, offsets: npt.NDArray[np.float64]) -> Points:
    """Compute the curve through the control points of a stroke, a Catmull-Rom spline."""
    drawn = stroke.points + stroke.spreads * offsets
    drawn = np.repeat(drawn, 1 + stroke.is_corner, axis=0)  # Twice the same point stops the curve.
    before, after = 2 * drawn[0] - drawn[1], 2 * drawn[-1] - drawn[-2]
    points = np.concatenate([[before], drawn, [after]])
    windows = np.stack([points[i : len(points) - 3 + i] for i in range(4)], axis=1)
    return np.concatenate([(_SPLINE @ windows).reshape(-1, 2), drawn[-1:]]).astype(np.float32)


def _place(glyph: Glyph, stance: Stance) -> list[Points]:
    """Slant, rotate and scale a digit: 80 pixels high, or less if it is wider than high."""
    lines = [_trace(stroke, offsets) for stroke, offsets in zip(glyph.shape.strokes, glyph.offsets, strict=True)]
    cosine, sine = np.cos(stance.angle), np.sin(stance.angle)
    rotation = np.array([[cosine, -sine], [sine, cosine]])
    matrix = (rotation @ np.array([[stance.aspect, -stance.slant], [0, 1]])).astype(np.float32)
    placed = [line @ matrix.T for line in lines]
    every = np.concatenate(placed)
    start, size = every.min(axis=0), np.ptp(every, axis=0).max()
    return [(line - start) * np.float32(DRAWN_HEIGHT / size) for line in placed]


def _draw_strokes(lines: list[Points], pen: Pen, rng: np.random.Generator) -> InkImage:
    canvas = np.zeros((DRAWN_HEIGHT + 2 * _MARGIN,) * 2, np.uint8)
    for line in lines:
        corners = np.round((line + _MARGIN) * 2**_SHIFT).astype(np.int32)
        phase, waves = rng.uniform(0, 6.3), rng.uniform(0.5, 2)
        wave = np.sin(phase + waves * np.linspace(0, 6.3, len(line)))
        widths = np.maximum(_SCALE * pen.width * (1 + pen.pressure * wave), 1)
        if pen.nib is None:
            _draw_round(canvas, corners, widths)
        else:
            _draw_chisel(canvas, corners, widths, pen.nib)
    ink = np.asarray(cv2.GaussianBlur(canvas, (0, 0), _SCALE * pen.softness), np.float32) / np.float32(255)
    if pen.softness * 2.5 > pen.width:  # A blur takes strength from thin lines.
        ink = ink / ink.max()
    return ink * _draw_mottles(pen.mottling, rng) if pen.mottling else ink


def _draw_round(canvas: npt.NDArray[np.uint8], corners: npt.NDArray[np.int32], widths: npt.NDArray[np.float64]) -> None:
    thickness = np.round(widths).astype(int)
    changes = [0, *(np.flatnonzero(np.diff(thickness)) + 1).tolist(), len(corners) - 1]
    for start, end in pairwise(changes):
        part = corners[start : end + 1]
        cv2.polylines(canvas, [part], False, 255, int(thickness[start]), cv2.LINE_AA, _SHIFT)


def _draw_chisel(
    canvas: npt.NDArray[np.uint8], corners: npt.NDArray[np.int32], widths: npt.NDArray[np.float64], nib: float
) -> None:
    direction = np.array([np.cos(np.radians(nib)), np.sin(np.radians(nib))])
    offsets = np.round(2 ** (_SHIFT - 1) * widths[:, None] * direction).astype(np.int32)
    quads = np.stack([corners[:-1] - offsets[:-1], corners[:-1] + offsets[:-1], corners[1:] + offsets[1:],
                      corners[1:] - offsets[1:]], axis=1)  # fmt: skip
    for quad in quads:
        cv2.fillConvexPoly(canvas, quad, 255, cv2.LINE_AA, _SHIFT)
    cv2.polylines(canvas, [corners], False, 255, max(1, round(0.3 * widths.mean())), cv2.LINE_AA, _SHIFT)


def _draw_mottles(amount: float, rng: np.random.Generator) -> InkImage:
    """Draw the strength of grey, uneven ink: float32 of the drawing's size."""
    side = DRAWN_HEIGHT + 2 * _MARGIN
    coarse = int(rng.integers(8, 40))
    noise = cv2.resize(rng.random((coarse, coarse), np.float32), (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(1 - amount * noise, np.float32)


def _draw_hairlines(lines: list[Points], height: int) -> InkImage:
    """Draw hard lines of one pixel in a small picture."""
    canvas = np.zeros((height + 2, height + 2), np.uint8)
    for line in lines:
        corners = np.round(line * ((height - 1) / DRAWN_HEIGHT)).astype(np.int32) + 1
        cv2.polylines(canvas, [corners], False, 1, 1, cv2.LINE_8)
    return canvas.astype(np.float32)


def _make_small(ink: InkImage, thinnest: float, rng: np.random.Generator) -> InkImage:
    """Shrink a drawing to a small picture; most are binary, some are stretched until they fill a square."""
    rows, columns = find_extent(ink > 0.3)
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if len(rows) else ink
    height, width = cropped.shape
    least = round(1.2 * DIGIT_BOX / thinnest)  # pixels: in a smaller picture, the lines would fall apart
    side = int(rng.integers(np.clip(least, 10, 32), 33))
    if rng.random() < 0.4:
        # A narrow digit becomes at most two and a half times as wide.
        size = [min(side, 1 + int(2.5 * side * aspect)) for aspect in (width / height, height / width)]
        small = np.asarray(cv2.resize(cropped, size, interpolation=cv2.INTER_AREA), np.float32)
    else:
        small = resize(cropped, side / max(height, width))
    if rng.random() < 0.25:
        return small
    return np.asarray(small > rng.uniform(0.3, 0.6) * small.max(), np.float32)

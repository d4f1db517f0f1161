"""Synthetic pictures of single digits, of the kinds that people send: each kind is a function of a digit and a seed."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from src.app.vision.arrays import Picture
from src.app.vision.decoding import MIN_SIDE, decode_picture
from src.benchmark.synthetic_pictures import (
    INK,
    INK_COLORS,
    Coverage,
    compress,
    draw_color,
    render_photo,
    simulate_camera,
)
from src.common.arrays import Images
from src.images.centering import find_extent

_MIN_COLOR_DISTANCE = 100.0  # grey levels between coloured ink and coloured paper
_SKELETON_SIDE = 180  # pixels: lines are thinned at this size


def render_tight_crop(image: Images, rng: np.random.Generator) -> Picture:
    """Render a photo of pen on paper, cropped closely around the digit."""
    size = rng.uniform(30, 240)
    picture = _paint(_draw_ink(image, size, margins=rng.uniform(0.01, 0.08, 4)), *_draw_paper_colors(rng))
    return compress(simulate_camera(picture, size / 20, rng), rng)


def render_filled_frame(image: Images, rng: np.random.Generator) -> Picture:
    """Render a digit of 14 to 40 pixels that touches all borders, often binary, often stretched towards a square."""
    ink = _draw_ink(image, int(rng.integers(14, 41)), thickening=rng.uniform(-0.2, 0.8))
    stretched = np.array(ink.shape) * (max(ink.shape) / np.array(ink.shape)).clip(None, 2.0) ** rng.uniform(0, 0.7)
    height, width = np.maximum(np.round(stretched), MIN_SIDE).astype(int).tolist()
    ink = np.asarray(cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    return _print(ink > 0.5 if rng.random() < 0.6 else ink, rng)


def render_small_picture(image: Images, rng: np.random.Generator) -> Picture:
    """Render a picture of 16 to 40 pixels with a digit anywhere in it, binary or grey."""
    side = int(rng.integers(16, 41))
    ink = _draw_ink(image, side * rng.uniform(0.55, 0.92), thickening=rng.uniform(-0.3, 0.8))
    free = np.maximum(side - np.array(ink.shape), 0)
    before = rng.integers(0, free + 1)
    ink = np.pad(ink, np.stack([before, free - before], axis=1))
    return _print(ink > 0.45 if rng.random() < 0.4 else ink, rng)


def render_marker(image: Images, rng: np.random.Generator) -> Picture:
    """Render a digit drawn with a marker so thick that its holes may be filled."""
    size, margins = rng.uniform(60, 300), rng.uniform(0.05, 0.6, 4)
    return _print(_draw_ink(image, size, margins, thickening=rng.uniform(0.6, 1.4)), rng)


def render_mottled_ink(image: Images, rng: np.random.Generator) -> Picture:
    """Render soft strokes whose strength varies from place to place."""
    size = rng.uniform(24, 240)
    ink = _draw_ink(image, size, rng.uniform(0.06, 0.7, 4), thickening=rng.uniform(0, 0.8))
    ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), max(0.3, size * rng.uniform(0.005, 0.04))))
    mottles = np.asarray(cv2.GaussianBlur(rng.random(ink.shape), (0, 0), max(0.5, size * rng.uniform(0.01, 0.04))))
    mottles = (mottles - mottles.min()) / np.ptp(mottles)
    ink = ink * (rng.uniform(0.3, 0.5) + 0.6 * mottles).clip(0, 1)
    return _to_bytes(_paint(ink, *_draw_paper_colors(rng)) + rng.normal(0, rng.uniform(0, 4), (*ink.shape, 1)))


def render_low_contrast(image: Images, rng: np.random.Generator) -> Picture:
    """Render ink that differs from the background by 12 to 36 grey levels, with some noise."""
    ink = _draw_ink(image, rng.uniform(40, 240), rng.uniform(0.07, 0.8, 4))
    contrast = rng.uniform(12, 36)
    background, sign = rng.uniform(60, 210), 1 if rng.random() < 0.3 else -1
    grey = background + sign * contrast * ink + rng.normal(0, contrast * rng.uniform(0, 0.1), ink.shape)
    return _to_bytes(grey[..., None].repeat(3, axis=2))


def render_coloured(image: Images, rng: np.random.Generator) -> Picture:
    """Render coloured ink on coloured paper."""
    ink = _draw_ink(image, rng.uniform(40, 240), rng.uniform(0.07, 0.8, 4))
    background = color = np.zeros(3)
    while np.linalg.norm(background - color) < _MIN_COLOR_DISTANCE:
        background, color = rng.uniform(0, 255, (2, 3))
    return compress(_to_bytes(_paint(ink, background, color)), rng)


def render_transparent(image: Images, rng: np.random.Generator) -> Picture:
    """Render a PNG file of ink on a transparent background, and decode it as the app does."""
    ink = _draw_ink(image, rng.uniform(40, 300), rng.uniform(0.07, 0.8, 4))
    color = rng.uniform(0, 90, 3) if rng.random() < 0.7 else rng.uniform(180, 255, 3)
    rgb = np.where(ink[..., None] > 0, color, rng.choice([0, 255]))
    file = BytesIO()
    Image.fromarray(_to_bytes(np.dstack([rgb, 255 * ink]))).save(file, "PNG")
    return decode_picture(file.getvalue())


def render_pencil(image: Images, rng: np.random.Generator) -> Picture:
    """Render hard lines of one pixel in a picture of 360 to 640 pixels."""
    skeleton = _thin(_draw_ink(image, _SKELETON_SIDE, margins=(0.1,) * 4) > 0.5)
    side = int(rng.integers(360, 641))
    scale = side * rng.uniform(0.5, 0.85) / max(skeleton.shape)
    offset = (side - scale * np.array(skeleton.shape[::-1])) * rng.uniform(0.3, 0.7)
    ink = np.zeros((side, side), np.float32)
    for outline in cv2.findContours(skeleton, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]:
        # The outline of a line runs along it and back; both ways are smoothed alike, and so stay together.
        points = np.concatenate([outline[-2:, 0], outline[:, 0], outline[:2, 0]])
        smooth = np.stack([np.convolve(axis, np.full(5, 0.2), "valid") for axis in points.T], axis=1)
        cv2.polylines(ink, [np.round(scale * smooth + offset).astype(np.int32)], True, 1.0)
    return _print(ink, rng)


KINDS: dict[str, Callable[[Images, np.random.Generator], Picture]] = {
    "paper": render_photo,
    "tight crop": render_tight_crop,
    "filled frame": render_filled_frame,
    "small picture": render_small_picture,
    "marker": render_marker,
    "mottled ink": render_mottled_ink,
    "low contrast": render_low_contrast,
    "coloured": render_coloured,
    "transparent": render_transparent,
    "pencil": render_pencil,
}
"""Each renders an image of a digit, uint8 (28, 28, 1), with random numbers of the generator."""


def _draw_ink(
    image: Images, size: float, margins: Sequence[float] | npt.NDArray[np.floating] = (0,) * 4, thickening: float = 0.0
) -> Coverage:
    """Draw a digit with sharp strokes.

    Args:
        image: uint8 (28, 28, 1).
        size: pixels of its longer side.
        margins: left, top, right and bottom, as fractions of the size.
        thickening: pixels of the original image by which each side of a stroke grows, or shrinks if negative.

    Returns:
        float32 (h, w), from 0 to 1.
    """
    rows, columns = find_extent(image[..., 0] > INK)
    digit = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, 0].astype(np.float32) / 255
    factor = max(4.0, size / max(digit.shape))
    large = cv2.resize(np.pad(digit, 3), None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    large = 1 / (1 + np.exp(12 * (0.5 - cv2.GaussianBlur(large, (0, 0), 0.25 * factor))))
    radius = round(abs(thickening) * factor)
    change = cv2.dilate if thickening > 0 else cv2.erode
    large = change(large, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    rows, columns = find_extent(large > 0.5)
    large = large[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shape = np.maximum(1, np.round(np.array(large.shape) * size / max(large.shape))).astype(int).tolist()
    ink = np.asarray(cv2.resize(large, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    left, top, right, bottom = (round(float(margin) * size) for margin in margins)
    missing = [max(0, -(-(MIN_SIDE - side) // 2)) for side in (top + shape[0] + bottom, left + shape[1] + right)]
    return np.pad(ink, ((top + missing[0], bottom + missing[0]), (left + missing[1], right + missing[1])))


def _draw_paper_colors(rng: np.random.Generator) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    background = (rng.uniform(185, 255) + rng.uniform(-18, 18, 3)).clip(0, 255)
    return background, (draw_color(INK_COLORS, rng) + rng.uniform(-15, 25, 3)).clip(0, 255)


def _paint(ink: Coverage, background: npt.NDArray[Any], color: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.asarray(background + (color - background) * ink[..., None], np.float32)


def _print(ink: npt.NDArray[Any], rng: np.random.Generator) -> Picture:
    """Print ink, (h, w) from 0 to 1, black on white or white on black."""
    grey = 255 * ink.astype(np.float32)
    return _to_bytes((grey if rng.random() < 0.5 else 255 - grey)[..., None].repeat(3, axis=2))


def _to_bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return values.clip(0, 255).round().astype(np.uint8)


def _thin(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Thin strokes to lines of one pixel: uint8 (h, w) with 0 and 1; the mask has a margin.

    Source: Zhang and Suen 1984, doi:10.1145/357994.358023.
    """
    thin, before = mask.astype(np.uint8), None
    steps = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))
    while before is None or (thin != before).any():
        before = thin
        for first, second in (((0, 2, 4), (2, 4, 6)), ((0, 2, 6), (0, 4, 6))):
            around = np.stack([np.roll(thin, step, axis=(0, 1)) for step in steps])
            num = around.sum(axis=0)
            changes = ((around == 0) & (np.roll(around, -1, axis=0) == 1)).sum(axis=0)
            is_edge = ~around[list(first)].all(axis=0) & ~around[list(second)].all(axis=0)
            thin = thin * ~((num >= 2) & (num <= 6) & (changes == 1) & is_edge)
    return thin

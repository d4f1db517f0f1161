"""Synthetic pictures of digits, made of images of the competition: drawings on a canvas, and photos of handwriting."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Picture
from src.common.arrays import Images
from src.common.competition import IMAGE_SIDE
from src.images.centering import find_extent

Coverage = npt.NDArray[np.float32]
"""(h, w): the fraction of each pixel that is covered, 0 to 1."""

_CANVAS_SIDE = 280  # pixels
INK_COLORS = ((20, 20, 25), (20, 30, 120), (150, 20, 30), (20, 90, 40), (80, 80, 85), (60, 30, 110))
_RULED_LINE_COLORS = ((150, 170, 215), (170, 170, 170), (220, 150, 150), (120, 140, 190))
_NUMBER_HEIGHT, _NUMBER_BASELINE, _NUMBER_MARGIN = 40, 30, 6  # pixels: rows, row that digits stand on, empty columns
INK = 60
"""Grey levels: fainter pixels count as background."""


def draw_on_canvas(
    image: Images,
    scale: float = 1.0,
    rotation: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    thickening: float = 0.0,
    inverted: bool = False,
) -> Picture:
    """Draw a digit black on white with sharp strokes.

    Args:
        image: uint8 (28, 28, 1).
        scale: factor by which the digit is enlarged.
        rotation: degrees.
        shift: fraction of the canvas, to the right and down.
        thickening: pixels of the original image by which each side of a stroke grows, or shrinks if negative.
        inverted: draw white on black.

    Returns:
        uint8 RGB (s, s, 3); s is 280, or larger if the scale is more than 1.
    """
    factor = scale * _CANVAS_SIDE / IMAGE_SIDE
    side = round(_CANVAS_SIDE * max(1.0, scale))
    center = (side / 2 + shift[0] * side, side / 2 + shift[1] * side)
    ink = _place(image, (side, side), center, factor, rotation)
    ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), max(0.1, 0.25 * factor)))
    ink = 1 / (1 + np.exp(12 * (0.5 - ink)))
    radius = round(abs(thickening) * factor)
    if radius:
        change = cv2.dilate if thickening > 0 else cv2.erode
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        ink = np.asarray(change(ink, kernel))
    grey = np.round(255 * ink if inverted else 255 * (1 - ink)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def draw_scale(rng: np.random.Generator) -> float:
    """Draw the scale of a photo at random: pixels of the photo per pixel of the image, 0.5 to 4."""
    return float(np.exp(rng.uniform(np.log(0.5), np.log(4))))


def render_photo(image: Images, rng: np.random.Generator, scale: float | None = None) -> Picture:
    """Render a photo of a digit or a number: pen on paper, or chalk on a board.

    Random are position, scale, rotation (up to 12 degrees), colours of ink and background, ruled or squared paper,
    shadows, blur, noise and JPEG compression.

    Args:
        image: uint8 (h, w, 1): a digit, 28x28, or a number, see `make_number_image`.
        rng: the source of all random numbers.
        scale: pixels of the photo per pixel of the image; see `draw_scale` without it.
    """
    scale = draw_scale(rng) if scale is None else scale
    size = IMAGE_SIDE * scale
    rotation = rng.uniform(-12, 12)
    rows, columns = image.shape[:2]
    extent = scale * columns, scale * (rows + abs(np.sin(np.radians(rotation))) * (columns - rows))
    height, width = (max(24, round(side + rng.uniform(0.2, 4) * size)) for side in reversed(extent))
    center = [
        rng.uniform(0.5 * side + 0.05 * size, whole - 0.5 * side - 0.05 * size)
        for side, whole in zip(extent, (width, height), strict=True)
    ]
    ink = _place(image, (height, width), center, scale, rotation)[..., None]
    on_board = rng.random() < 0.15
    background = rng.uniform(10, 60, 3) if on_board else (rng.uniform(185, 255) + rng.uniform(-18, 18, 3)).clip(0, 255)
    color = rng.uniform(170, 255, 3) if on_board else draw_color(INK_COLORS, rng) + rng.uniform(-15, 25, 3)
    picture = np.full((height, width, 3), background)
    if rng.random() < 0.5:
        line_color = background + rng.uniform(30, 60) if on_board else draw_color(_RULED_LINE_COLORS, rng)
        lines = _draw_ruled_lines(height, width, size, rng)[..., None]
        picture = picture * (1 - lines) + line_color * lines
    picture = picture * (1 - ink) + color.clip(0, 255) * ink
    return compress(simulate_camera(picture.astype(np.float32), scale, rng), rng)


def make_number_image(images: Images, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Place digits side by side; a third of the gaps are so small that the digits may touch.

    Args:
        images: uint8 (n, 28, 28, 1).
        rng: the source of all random numbers.

    Returns:
        uint8 (h, w, 1).
    """
    number = np.zeros((_NUMBER_HEIGHT, IMAGE_SIDE * len(images) + 40), np.uint8)
    end = _NUMBER_MARGIN
    for image in images:
        zoom = rng.uniform(0.9, 1.1)
        digit = np.asarray(cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR), np.uint8)
        rows, columns = find_extent(digit > INK)
        digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        gap = int(rng.integers(-2, 1) if rng.random() < 1 / 3 else rng.integers(1, 8))
        left, top = max(0, end + gap), _NUMBER_BASELINE - len(digit) + int(rng.integers(-2, 3))
        area = number[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.maximum(area, digit, out=area)
        end = left + digit.shape[1]
    return number[:, : end + _NUMBER_MARGIN, None]


def _place(image: Images, shape: tuple[int, int], center: Sequence[float], scale: float, rotation: float) -> Coverage:
    """Place the ink of an image in a larger picture: float32 (h, w), 0 to 1."""
    middle = (np.array(image.shape[1::-1]) - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D(tuple(middle), rotation, scale), np.float64)
    matrix[:, 2] = matrix[:, 2] + np.array(center) - middle
    ink = image[..., 0].astype(np.float32) / 255
    if scale < 1:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.35 / scale), np.float32)
    return np.asarray(cv2.warpAffine(ink, matrix, shape[::-1], flags=cv2.INTER_CUBIC), np.float32).clip(0, 1)


def draw_color(colors: Sequence[tuple[int, int, int]], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Choose one of several colours at random: float64 RGB (3,)."""
    return np.array(colors[int(rng.integers(len(colors)))], np.float64)


def _draw_ruled_lines(height: int, width: int, size: float, rng: np.random.Generator) -> Coverage:
    """Draw the lines or squares of paper: float32 (h, w), 0 to 1."""
    lines = np.zeros((height, width), np.float32)
    spacing = rng.uniform(max(10, 0.35 * size), max(14, 1.3 * size))
    thickness = max(1, int(rng.uniform(0.6, 1 + size / 56)))
    tilt, offset, length = np.radians(rng.uniform(-6, 6)), rng.uniform(0, spacing), height + width
    for quarter in (0, np.pi / 2)[: 1 + (rng.random() < 0.4)]:
        along = np.array([np.cos(tilt + quarter), np.sin(tilt + quarter)])
        across = np.array([-along[1], along[0]])
        for number in range(-int(length / spacing) - 1, int(length / spacing) + 2):
            middle = np.array([width / 2, height / 2]) + across * (number * spacing + offset)
            # With 4, the last argument of cv2.line, coordinates are in sixteenths of a pixel.
            start, end = (np.round(16 * (middle + sign * length * along)).astype(int).tolist() for sign in (-1, 1))
            cv2.line(lines, start, end, 1.0, thickness, cv2.LINE_AA, 4)
    return lines.clip(0, 1)


def simulate_camera(picture: npt.NDArray[Any], scale: float, rng: np.random.Generator) -> Picture:
    """Add uneven light, a shadow, blur and noise to a picture, float (h, w, 3) from 0 to 255."""
    height, width = picture.shape[:2]
    if rng.random() < 0.6:
        coarse = rng.uniform(0.55, 1, (3, 3)).astype(np.float32)
        light = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
        picture = picture * light.clip(0.4, 1.05)[..., None]
    if rng.random() < 0.25:
        picture = picture * (1 - _draw_shadow(height, width, rng)[..., None])
    if rng.random() < 0.3:
        picture = np.asarray(cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.3, 0.3 + 0.25 * scale)))
    noise = rng.normal(0, rng.uniform(0, 9), (height, width, 1)) + rng.normal(0, rng.uniform(0, 4), picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)


def _draw_shadow(height: int, width: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Draw the shadow of a hand or a phone: a half-plane with a soft edge, the fraction of light lost, (h, w)."""
    y, x = np.mgrid[:height, :width]
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1, 2) * (width, height)
    distance = (x - place[0]) * np.cos(angle) + (y - place[1]) * np.sin(angle)
    softness = max(1.5, rng.uniform(0.01, 0.1) * max(height, width))
    shade: npt.NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(distance / softness, -30, 30)))
    return rng.uniform(0.15, 0.4) * shade


def compress(picture: Picture, rng: np.random.Generator) -> Picture:
    """Compress most pictures as JPEG."""
    if rng.random() >= 0.7:
        return picture
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR), np.uint8)

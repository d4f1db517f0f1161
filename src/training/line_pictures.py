"""What happens to the ink of a number between the paper and the app: a picture is taken, and ink is found in it."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.images.centering import InkImage

_LOWEST, _HIGHEST = (0.12, 0.3), (0.6, 0.95)  # fractions of full ink: between them, strength rises from 0 to 1
_BINARY_THRESHOLDS = (0.35, 0.55)
_MAX_TILT = 0.03  # rows per column, both ways: of a ruled line
_MAX_BLUR = 0.06  # of the digits' height: standard deviation
_THICKER = 0.05  # of the digits' height
_QUALITIES = (25, 95)  # of JPEG
_LINE_WIDTHS = (0.02, 0.1)  # of the digits' height: of ruled lines


@dataclass(frozen=True)
class PictureRecipe:
    """How often pictures of numbers have which fault, and how strong it is at most."""

    erased_line: float = 0.12  # a ruled line was erased and took ink with it
    ruled_line: float = 0.12  # a ruled line, or pieces of one, are taken for ink
    thicker: float = 0.15  # ink runs, or the threshold is low
    blur: float = 0.5
    jpeg: float = 0.4
    binary: float = 0.3  # there are no grey levels: edges are stairs
    min_contrast: float = 0.3  # of black on white
    max_noise: float = 0.12  # of the contrast: standard deviation


def take_picture(recipe: PictureRecipe, ink: InkImage, height: float, rng: np.random.Generator) -> InkImage:
    """Put ruled lines into ink, blur it, add noise and JPEG's traces, and find the ink again.

    Args:
        recipe: how often and how much.
        ink: float32 (h, w) from 0 to 1.
        height: pixels of the digits.
        rng: of everything.

    Returns:
        Strength of the ink that is found, float32 (h, w) from 0 to 1.
    """
    ink = _spoil_with_lines(recipe, ink, height, rng)
    if rng.random() < recipe.thicker:
        ink = np.asarray(cv2.dilate(ink, np.ones((1 + int(_THICKER * height),) * 2, np.uint8)))
    if rng.random() < recipe.blur:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.3 + rng.uniform(0, _MAX_BLUR) * height))
    ink = ink / max(float(ink.max()), 1e-3)  # Small and thin strokes are grey.
    contrast = rng.uniform(recipe.min_contrast, 1)
    noise = rng.standard_normal(ink.shape, np.float32) * np.float32(rng.uniform(0, recipe.max_noise))
    picture = np.float32(contrast) * (ink + noise)
    if rng.random() < recipe.jpeg:
        picture = _compress(picture, int(rng.integers(*_QUALITIES)))
    strength = picture / np.float32(contrast)
    if rng.random() < recipe.binary:
        return np.asarray(strength > rng.uniform(*_BINARY_THRESHOLDS), np.float32)
    lowest, highest = rng.uniform(*_LOWEST), rng.uniform(*_HIGHEST)
    strength = ((strength - lowest) / (highest - lowest)).clip(0, 1)
    near = cv2.dilate((strength > 0.5).astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(strength * near, np.float32)


def _spoil_with_lines(recipe: PictureRecipe, ink: InkImage, height: float, rng: np.random.Generator) -> InkImage:
    """Erase a ruled line that crosses the ink, or leave one."""
    if rng.random() < recipe.erased_line:
        stripe = _draw_ruled_line(ink.shape, height, rng)
        ink = ink * (1 - rng.uniform(0.4, 1.0) * stripe)
    if rng.random() < recipe.ruled_line:
        stripe = _draw_ruled_line(ink.shape, height, rng)
        if rng.random() < 0.5:  # Pieces of it are left.
            pieces = rng.random((1, max(2, int(ink.shape[1] / height))), np.float32) < 0.4
            stripe = stripe * cv2.resize(pieces.astype(np.float32), ink.shape[::-1], interpolation=cv2.INTER_NEAREST)
        ink = np.maximum(ink, rng.uniform(0.4, 1.0) * stripe)
    return np.asarray(ink, np.float32)


def _draw_ruled_line(shape: tuple[int, ...], height: float, rng: np.random.Generator) -> InkImage:
    """Draw a nearly level line from side to side: float32 of this shape, 1 on the line."""
    canvas = np.zeros(shape, np.float32)
    rise = rng.uniform(-_MAX_TILT, _MAX_TILT) * shape[1]
    y = rng.uniform(0, shape[0] - 1)
    thickness = max(1, round(rng.uniform(*_LINE_WIDTHS) * height))
    cv2.line(canvas, (0, round(y - rise / 2)), (shape[1] - 1, round(y + rise / 2)), 1.0, thickness, cv2.LINE_AA)
    return canvas


def _compress(picture: InkImage, quality: int) -> InkImage:
    grey = (255 * (1 - picture.clip(0, 1))).astype(np.uint8)
    encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)
    return 1 - np.asarray(decoded, np.float32) / np.float32(255)

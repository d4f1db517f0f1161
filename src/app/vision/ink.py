"""Separate ink from background: pen on paper or chalk on a board, in any colour, with shadows and ruled lines."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from src.app.vision.arrays import BoolMask, FloatPicture, Mask, Picture, Plane
from src.app.vision.background import compute_norms, estimate_background, find_edges
from src.app.vision.ruled_lines import erase_ruled_lines

DIGIT_SIDES = (280, 640)
"""Pixels: the longer side of a picture of one digit is brought between these."""
NUMBER_SIDES = (640, 1280)
"""Pixels: the longer side of a picture of several digits is brought between these."""

_COARSE_SIDE = 112  # pixels: the background is estimated on a copy of this size
_MIN_CONTRAST = 14.0  # grey levels between ink and background
_MIN_SIGNAL = 4.5  # contrast over noise
_MAX_LINE_WIDTH = 0.045  # of the longer side: ruled lines are thinner
_MAX_STROKE_WIDTH = 0.2  # of the longer side: strokes are thinner
_MIN_STROKE_CONTRAST = 0.4  # of the greatest contrast
_INK = 0.35  # of full ink: pixels with more are ink
_STRONG_INK = 0.6  # of full ink: components without a pixel of it are shadows or smears


@dataclass(frozen=True)
class Ink:
    """The ink of a picture, which may have been resized."""

    strength: Plane  # float32 (h, w): from 0, background, to 1, full ink
    mask: Mask  # uint8 (h, w): 0 on background and ruled lines, 1 on ink, 2 on strong ink
    scale: float  # pixels of the picture per pixel of these arrays


def find_ink(picture: Picture, sides: tuple[int, int] = DIGIT_SIDES) -> Ink | None:
    """Separate ink from background, whichever is darker.

    Args:
        picture: uint8 RGB (h, w, 3).
        sides: the longer side, in pixels, is brought between these.

    Returns:
        The ink, or None if nothing stands out from the background.
    """
    resized, scale = _resize_between(picture, *sides)
    subtracted = _subtract_background(resized)
    if subtracted is None:
        return None
    contrast, compute_colors = subtracted
    soft = np.asarray(cv2.GaussianBlur(contrast, (0, 0), max(0.6, max(contrast.shape) / 400)), np.float32)
    levels = _measure_levels(soft)
    if levels is None:
        return None
    full, noise = levels
    weak = max(0.3 * full, 2.5 * noise)
    soft = np.maximum(soft, 0)
    clean = erase_ruled_lines(soft, compute_colors, full, weak, noise)
    strength = np.clip(np.where(clean < soft, clean, contrast) / full, 0, 1).astype(np.float32)
    is_strong = clean >= _STRONG_INK * full
    mask = (clean > max(_INK * full, weak)).astype(np.uint8) + is_strong
    return Ink(strength, mask, scale) if is_strong.any() else None


def _resize_between(picture: Picture, smallest: int, largest: int) -> tuple[Picture, float]:
    """Resize so that the longer side lies between these bounds; also return the factor by which it became smaller."""
    height, width = picture.shape[:2]
    side = max(height, width)
    scale = side / min(max(side, smallest), largest)
    if scale == 1:
        return picture, 1.0
    size = max(1, round(width / scale)), max(1, round(height / scale))
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8), scale


def _subtract_background(picture: Picture) -> tuple[Plane, Callable[[], FloatPicture]] | None:
    """Compute the contrast of each pixel to the background, in grey levels as under full light.

    Returns:
        The contrast towards the colour of the ink, float32 (h, w), and a function that computes the contrast of each
        colour channel, float32 (h, w, 3), which is slow and only ruled lines need. None if there is no contrast.
    """
    coarse, _ = _resize_between(picture, 1, _COARSE_SIDE)
    edges = find_edges(coarse)
    background = estimate_background(coarse, edges)
    light = cv2.transform(background, np.full((1, 3), 1 / 3, np.float32))
    reference = float(np.quantile(light[::2, ::2], 0.9))
    gain = reference / np.maximum(light, 0.25 * reference + 1) if reference > 60 else np.ones_like(light)
    difference = (coarse - background) * gain[..., None]
    norms = _keep_strokes(compute_norms(difference), edges > 1)
    direction = difference[norms >= 0.6 * _measure_top(norms)].mean(axis=0)
    length = np.linalg.norm(direction)
    if length < 1e-3:
        return None
    direction = (direction / length).astype(np.float32)
    projected = cv2.transform(picture.astype(np.float32), direction[None])
    size = picture.shape[1], picture.shape[0]
    projected_background, gain = (
        np.asarray(cv2.resize(array, size), np.float32) for array in (background @ direction, gain.astype(np.float32))
    )

    def compute_colors() -> FloatPicture:
        return np.asarray((picture - cv2.resize(background, size)) * gain[..., None], np.float32)

    return (projected.reshape(projected_background.shape) - projected_background) * gain, compute_colors


def _keep_strokes(norms: Plane, is_sharp: BoolMask) -> Plane:
    """Set contrast that is broad or soft, such as light and shadow, to 0, unless hardly anything else is left."""
    side = max(norms.shape)
    closed = cv2.morphologyEx(norms, cv2.MORPH_CLOSE, _make_square(_MAX_LINE_WIDTH * side))  # Ruled lines divide it.
    broad = cv2.morphologyEx(closed, cv2.MORPH_OPEN, _make_square(_MAX_STROKE_WIDTH * side))
    thin = np.maximum(norms - broad, 0) * is_sharp
    return thin if _measure_top(thin) > _MIN_STROKE_CONTRAST * _measure_top(norms) else norms


def _make_square(side: float) -> Mask:
    return np.ones((round(side), round(side)), np.uint8)


def _measure_top(values: Plane) -> float:
    """Compute the mean of the highest hundredth of values."""
    num_top = max(3, min(values.size // 100, 400))
    return float(np.sort(values, axis=None)[-num_top:].mean())  # Faster than partition where most values are alike.


def _measure_levels(contrast: Plane) -> tuple[float, float] | None:
    """Measure the contrast of full ink and the noise (standard deviation); None if they are too similar."""
    sample = contrast[:: max(1, contrast.shape[0] // 100), :: max(1, contrast.shape[1] // 100)]
    noise = 1.4826 * float(np.median(np.abs(sample - np.median(sample))))
    marked = contrast[contrast > max(3 * noise, 0.3 * contrast.max())]
    if len(marked) < 4:
        return None
    grey = np.clip(marked / marked.max() * 255, 0, 255).astype(np.uint8).reshape(-1, 1)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    full = float(np.median(marked[grey.ravel() >= threshold]))
    return None if full < max(_MIN_CONTRAST, _MIN_SIGNAL * noise) else (full, noise)

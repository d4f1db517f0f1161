"""Erase the ruled lines of ruled and squared paper: straight thin lines that cross the picture."""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import BoolMask, FloatPicture, Mask, Plane

_MAX_LINES = 60
_MIN_COVERAGE = 0.8  # of its way through the picture: a ruled line is visible on more
_MIN_NOISE = 4.0  # grey levels
_MIN_COLOR_DISTANCE = 4.0  # times the noise: colours of ink and ruled lines that differ by more are separated
_MIN_INK_PIXELS = 20  # needed to measure the colour of the ink
_CERTAIN_INK = 0.6  # of full ink
_SUM_WEIGHT = 2.0  # in units of 1 / noise: weight of the equation ink + line = 1


def erase_ruled_lines(
    strength: Plane, compute_colors: Callable[[], FloatPicture], full: float, weak: float, noise: float
) -> Plane:
    """Erase ruled lines and restore the ink that they cross.

    Args:
        strength: contrast to the background in grey levels, float32 (h, w), not negative.
        compute_colors: returns the contrast of each colour channel, float32 (h, w, 3); called if there are ruled lines.
        full: contrast of full ink.
        weak: least contrast of ink.
        noise: standard deviation of the contrast of the background.

    Returns:
        float32 (h, w): `strength` with the pixels of ruled lines replaced.
    """
    faint = min(weak, max(0.5 * weak, 2 * noise))
    spanning = _find_spanning_components((strength > faint).astype(np.uint8))
    if not spanning.any():
        return strength
    lines = cv2.HoughLines(spanning * 255, 1, np.pi / 360, max(8, int(0.45 * min(strength.shape))))
    covered, cores = np.zeros_like(spanning), np.zeros_like(spanning)
    found: list[tuple[float, float]] = []
    for rho, theta in [] if lines is None else lines[:400, 0]:
        is_new = len(found) < _MAX_LINES and not any(_are_close(rho, theta, *line) for line in found)
        if is_new and _mark_ruled_line(strength, rho, theta, faint, covered, cores):
            found.append((rho, theta))
    return _restore_ink(strength, covered, cores, compute_colors(), full, noise) if found else strength


def _are_close(rho: float, theta: float, other_rho: float, other_theta: float) -> bool:
    return abs(rho - other_rho) < 3 and abs(theta - other_theta) < 0.04


def _find_spanning_components(mask: Mask) -> Mask:
    """Find the components that touch two sides of the picture and extend over most of it: uint8 (h, w)."""
    height, width = mask.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, widths, heights = stats[:, :4].T
    is_long = (widths >= 0.55 * width) | (heights >= 0.55 * height)
    touches = [left <= 1, top <= 1, left + widths >= width - 1, top + heights >= height - 1]
    is_spanning = is_long & (np.sum(touches, axis=0) >= 2)
    is_spanning[0] = False  # The background.
    return np.asarray(is_spanning[labels], np.uint8)


def _mark_ruled_line(strength: Plane, rho: float, theta: float, faint: float, covered: Mask, cores: Mask) -> bool:
    """Mark a line if it is thin and crosses the picture.

    Args:
        strength: contrast to the background, float32 (h, w).
        rho: pixels; the line is x cos(theta) + y sin(theta) = rho.
        theta: radians.
        faint: least contrast of a ruled line.
        covered: uint8 (h, w): set to 1 where the line may have changed the contrast.
        cores: uint8 (h, w): set to 1 on the darkest pixels of the line.

    Returns:
        Whether it is a ruled line.
    """
    side = min(strength.shape)
    x, y = _find_points(rho, theta, strength.shape)
    if len(x) < 0.5 * side:
        return False
    reach = max(6, int(0.05 * side))  # More than the width of the thickest ruled line.
    across = np.arange(-reach, reach + 1)
    step_x, step_y = np.cos(theta), np.sin(theta)
    map_x, map_y = (x[:, None] + across * step_x).astype(np.float32), (y[:, None] + across * step_y).astype(np.float32)
    profile = cv2.remap(strength, map_x, map_y, cv2.INTER_LINEAR)
    is_visible = (cv2.blur(profile, (1, 9)) > faint)[:, reach - 1 : reach + 2].any(axis=1)
    is_marked = profile > faint
    one_way, other_way = (
        np.cumprod(half, axis=1).sum(axis=1) for half in (is_marked[:, reach:], is_marked[:, reach::-1])
    )
    width = (one_way + other_way - 1).clip(0)
    if is_visible.mean() < _MIN_COVERAGE or np.median(width[is_visible]) > 0.06 * side + 2:
        return False
    typical = np.median(width[is_visible])
    half_width = typical / 2 + 1.2
    for i in np.flatnonzero(width <= 1.5 * typical + 1.5):  # The mark is wider where a stroke crosses.
        start, end = ((round(x[i] + way * step_x), round(y[i] + way * step_y)) for way in (-half_width, half_width))
        cv2.line(covered, start, end, 1, 1)
    darkest = profile[is_visible, reach - 2 : reach + 3].argmax(axis=1) - 2
    points = np.round(np.stack([y[is_visible] + darkest * step_y, x[is_visible] + darkest * step_x])).astype(int)
    cores[tuple(points.clip(0, np.array(cores.shape)[:, None] - 1))] = 1
    return True


def _find_points(
    rho: float, theta: float, shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Find the points of a line in the picture, a pixel apart in x or y."""
    height, width = shape
    cos, sin = np.cos(theta), np.sin(theta)
    if abs(sin) > abs(cos):
        x = np.arange(width, dtype=np.float64)
        y = (rho - x * cos) / sin
    else:
        y = np.arange(height, dtype=np.float64)
        x = (rho - y * sin) / cos
    is_inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return x[is_inside], y[is_inside]


def _restore_ink(strength: Plane, covered: Mask, cores: Mask, colors: FloatPicture, full: float, noise: float) -> Plane:
    """Replace what ruled lines cover by the ink there: measured by its colour, or else interpolated."""
    erased, near_lines = (cv2.dilate(covered, np.ones((side, side), np.uint8)) > 0 for side in (2, 7))
    estimate_ink = _fit_colors((strength > _CERTAIN_INK * full) & ~near_lines, cores > 0, colors, noise)
    restored = strength.copy()
    if estimate_ink is None:
        restored[erased] = _close_gaps(strength, erased, covered)[erased]
    else:
        restored[erased] = full * estimate_ink(colors[erased])
    return restored


def _fit_colors(
    is_ink: BoolMask, is_line: BoolMask, colors: FloatPicture, noise: float
) -> Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None:
    """Fit the colours of ink and ruled lines.

    Each pixel is a mixture of background, line and ink, which is found by least squares. One more equation, ink + line
    = 1 on the pixels of a ruled line, decides where the colours lie in one direction.

    Args:
        is_ink: where there is ink and no line, bool (h, w).
        is_line: where there is mostly line, bool (h, w).
        colors: contrast of each colour channel, float32 (h, w, 3).
        noise: standard deviation of the contrast of the background.

    Returns:
        A function that estimates the fraction of ink, float32 (n,), of pixels, float32 (n, 3). None if the colours are
        too similar.
    """
    if is_ink.sum() < _MIN_INK_PIXELS:
        return None
    ink, line = (np.median(colors[where], axis=0) for where in (is_ink, is_line))
    noise = max(noise, _MIN_NOISE)
    if np.linalg.norm(ink - line) < _MIN_COLOR_DISTANCE * noise:
        return None
    _, solution = np.linalg.pinv(np.vstack([np.stack([line, ink], axis=1) / noise, [_SUM_WEIGHT, _SUM_WEIGHT]]))
    by_color, constant = (solution[:3] / noise).astype(np.float32), np.float32(_SUM_WEIGHT * solution[3])
    return lambda pixels: (pixels @ by_color + constant).clip(0, 1)


def _close_gaps(strength: Plane, erased: BoolMask, covered: Mask) -> Plane:
    """Close the gaps that erased lines leave in strokes."""
    distance = cv2.distanceTransform(covered, cv2.DIST_L2, 3)
    gap = max(3, int(8 * distance[covered > 0].mean()) | 1)
    cleared = np.where(erased, 0, strength).astype(np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap))
    return np.asarray(cv2.morphologyEx(cleared, cv2.MORPH_CLOSE, kernel), np.float32)

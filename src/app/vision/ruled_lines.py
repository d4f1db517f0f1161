"""Erase the ruled lines of ruled and squared paper: straight thin lines from border to border."""

import cv2
import numpy as np

from src.app.vision.arrays import Mask, Plane

# Fractions of the picture's shorter side:
_MIN_LENGTH = 0.5
_MAX_GAP = 0.12
_MAX_WIDTH = 0.06
_MIN_COVERAGE = 0.75  # of its way through the picture: a ruled line is visible on more


def erase_ruled_lines(contrast: Plane, threshold: float) -> Plane | None:
    """Erase ruled lines and close the gaps that they leave in strokes.

    Args:
        contrast: to the background, float32 (h, w), not negative.
        threshold: ink and lines have more contrast.

    Returns:
        float32 (h, w): the contrast without ruled lines; None if there are none.
    """
    mask = (contrast > threshold).astype(np.uint8)
    if not any(edge.any() for edge in (mask[:2], mask[-2:], mask[:, :2], mask[:, -2:])):
        return None
    spanning = _find_spanning_components(mask)
    side = min(contrast.shape)
    lines = cv2.HoughLinesP(
        255 * spanning, 1, np.pi / 360, int(0.4 * side), minLineLength=_MIN_LENGTH * side, maxLineGap=_MAX_GAP * side
    )
    if lines is None:
        return None
    distance = cv2.distanceTransform(cv2.copyMakeBorder(spanning, *(1,) * 4, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)
    height, width = contrast.shape
    covered, widths = np.zeros_like(spanning), []
    for start, end in lines.reshape(-1, 2, 2):
        step = end - start
        ends = cv2.clipLine((0, 0, width, height), (start - 4 * step).tolist(), (end + 4 * step).tolist())[1:]
        x, y = np.linspace(*ends, int(np.abs(np.subtract(*ends)).max()) + 1).round().astype(int).T
        on_line = distance[y + 1, x + 1]
        line_width = 2 * float(np.median(on_line))
        if np.mean(on_line > 0) >= _MIN_COVERAGE and line_width <= _MAX_WIDTH * side + 2:
            widths.append(line_width)
            cv2.line(covered, *ends, 1, round(line_width + 2))
    if not widths:
        return None
    erased = np.where(covered > 0, 0, contrast).astype(np.float32)
    gap = 2 * round(float(np.median(widths)) + 4) + 1
    closed = cv2.morphologyEx(erased, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    return np.where(covered > 0, closed, contrast).astype(np.float32)


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

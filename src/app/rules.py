"""Erase the rules of ruled and squared paper: straight thin lines that cross the picture."""

import cv2
import numpy as np

MAX_RULES = 60
CROSSING = 0.8  # of its way through the picture: a rule is there for at least this much


def erase_rules(strength: np.ndarray, weak: float, noise: float) -> np.ndarray:
    """Erase rules and heal the strokes that they cross.

    Args:
        strength: contrast to paper, float32 (h, w), at least 0.
        weak: the least contrast of ink.
        noise: the standard deviation of the contrast of paper.

    Returns:
        float32 (h, w), the same but for the pixels of rules.
    """
    mask = (strength > min(weak, max(0.5 * weak, 2 * noise))).astype(np.uint8)
    if not any(edge.any() for edge in (mask[:2], mask[-2:], mask[:, :2], mask[:, -2:])):
        return strength
    spanning = _keep_spanning(mask)
    if not spanning.any():
        return strength
    lines = cv2.HoughLines(spanning * 255, 1, np.pi / 360, max(8, int(0.45 * min(strength.shape))))
    erased = np.zeros_like(mask)
    found: list[tuple[float, float]] = []
    for rho, theta in [] if lines is None else lines[:400, 0]:
        is_new = len(found) < MAX_RULES and not any(_are_close(rho, theta, *rule) for rule in found)
        if is_new and _erase_rule(strength, rho, theta, weak, erased):
            found.append((rho, theta))
    return _heal(strength, erased) if found else strength


def _are_close(rho: float, theta: float, other_rho: float, other_theta: float) -> bool:
    return abs(rho - other_rho) < 3 and abs(theta - other_theta) < 0.04


def _keep_spanning(mask: np.ndarray) -> np.ndarray:
    """The pieces that begin at the border and reach across most of the picture: uint8 (h, w)."""
    height, width = mask.shape
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, wide, high = stats[:, :4].T
    spans = (wide >= 0.55 * width) | (high >= 0.55 * height)
    touches = (left <= 1) | (top <= 1) | (left + wide >= width - 1) | (top + high >= height - 1)
    chosen = spans & touches
    chosen[0] = False
    return chosen[pieces].astype(np.uint8)


def _erase_rule(strength: np.ndarray, rho: float, theta: float, weak: float, erased: np.ndarray) -> bool:
    """Mark in `erased` where a line is that runs through the picture and is thin; say whether there is one.

    Args:
        rho, theta: of the line x cos(theta) + y sin(theta) = rho, in pixels and radians.
    """
    side = min(strength.shape)
    x, y = _find_points(rho, theta, strength.shape)
    if len(x) < 0.5 * side:
        return False
    reach = max(6, int(0.05 * side))  # sees more than the thickest rule
    across = np.arange(-reach, reach + 1)
    step_x, step_y = np.cos(theta), np.sin(theta)
    map_x, map_y = (x[:, None] + across * step_x).astype(np.float32), (y[:, None] + across * step_y).astype(np.float32)
    profile = cv2.remap(strength, map_x, map_y, cv2.INTER_LINEAR)
    along = cv2.blur(profile, (1, 9)) > weak
    there = along[:, reach - 1 : reach + 2].any(axis=1)
    marked = profile > weak
    one_way, other_way = (np.cumprod(half, axis=1).sum(axis=1) for half in (marked[:, reach:], marked[:, reach::-1]))
    width = (one_way + other_way - 1).clip(0)
    if there.mean() < CROSSING or np.median(width[there]) > 0.06 * side + 2:
        return False
    typical = np.median(width[there])
    half = typical / 2 + 1.2
    for i in np.flatnonzero(width <= 1.5 * typical + 1.5):  # wider is where a stroke crosses
        start, end = ((round(x[i] + way * step_x), round(y[i] + way * step_y)) for way in (-half, half))
        cv2.line(erased, start, end, 1, 1)
    return True


def _find_points(rho: float, theta: float, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Points of a line in the picture, a pixel apart in x or y."""
    height, width = shape
    cos, sin = np.cos(theta), np.sin(theta)
    if abs(sin) > abs(cos):
        x = np.arange(width)
        y = (rho - x * cos) / sin
    else:
        y = np.arange(height)
        x = (rho - y * sin) / cos
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return x[inside], y[inside]


def _heal(strength: np.ndarray, rules: np.ndarray) -> np.ndarray:
    """Take the rules out and close the gaps that they leave in strokes."""
    erased = cv2.dilate(rules, np.ones((2, 2), np.uint8)) > 0
    distance = cv2.distanceTransform(rules, cv2.DIST_L2, 3)
    gap = max(3, int(8 * distance[rules > 0].mean()) | 1)
    cleared = np.where(erased, 0, strength).astype(np.float32)
    healed = cv2.morphologyEx(cleared, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    return np.where(erased, healed, strength).astype(np.float32)

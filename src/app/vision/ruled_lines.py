"""Erase the rules of ruled and squared paper: straight thin lines that cross the picture."""

from collections.abc import Callable

import cv2
import numpy as np

MAX_RULES = 60
CROSSING = 0.8  # of its way through the picture: a rule is there for at least this much
LEAST_NOISE = 4.0  # grey levels
DISTINCT = 4.0  # times the noise: colours of ink and rules that differ by more can be told apart
ENOUGH = 20  # pixels that tell the colour of ink
SURELY = 0.6  # of full ink
CERTAIN = 2.0  # how much it counts, over the noise, that what is no ink on a rule is the rule


def erase_rules(
    strength: np.ndarray, find_colors: Callable[[], np.ndarray], full: float, weak: float, noise: float
) -> np.ndarray:
    """Erase rules and heal the strokes that they cross.

    Args:
        strength: contrast to paper, float32 (h, w), at least 0.
        find_colors: gives the difference to paper in each colour, float32 (h, w, 3); asked if there are rules.
        full: the contrast of full ink.
        weak: the least contrast of ink.
        noise: the standard deviation of the contrast of paper.

    Returns:
        float32 (h, w), the same but for the pixels of rules.
    """
    faint = min(weak, max(0.5 * weak, 2 * noise))
    mask = (strength > faint).astype(np.uint8)
    if not any(edge.any() for edge in (mask[:2], mask[-2:], mask[:, :2], mask[:, -2:])):
        return strength
    spanning = _keep_spanning(mask)
    if not spanning.any():
        return strength
    lines = cv2.HoughLines(spanning * 255, 1, np.pi / 360, max(8, int(0.45 * min(strength.shape))))
    erased, cores = np.zeros_like(mask), np.zeros_like(mask)
    found: list[tuple[float, float]] = []
    for rho, theta in [] if lines is None else lines[:400, 0]:
        is_new = len(found) < MAX_RULES and not any(_are_close(rho, theta, *rule) for rule in found)
        if is_new and _erase_rule(strength, rho, theta, faint, erased, cores):
            found.append((rho, theta))
    return _heal(strength, erased, cores, find_colors(), full, noise) if found else strength


def _are_close(rho: float, theta: float, other_rho: float, other_theta: float) -> bool:
    return abs(rho - other_rho) < 3 and abs(theta - other_theta) < 0.04


def _keep_spanning(mask: np.ndarray) -> np.ndarray:
    """The pieces that begin at a border, end at another and reach across most of the picture: uint8 (h, w)."""
    height, width = mask.shape
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    left, top, wide, high = stats[:, :4].T
    spans = (wide >= 0.55 * width) | (high >= 0.55 * height)
    ends = [left <= 1, top <= 1, left + wide >= width - 1, top + high >= height - 1]
    chosen = spans & (np.sum(ends, axis=0) >= 2)
    chosen[0] = False
    return chosen[pieces].astype(np.uint8)


def _erase_rule(
    strength: np.ndarray, rho: float, theta: float, faint: float, erased: np.ndarray, cores: np.ndarray
) -> bool:
    """Mark where a line is that runs through the picture and is thin; say whether there is one.

    Args:
        rho, theta: of the line x cos(theta) + y sin(theta) = rho, in pixels and radians.
        faint: the least contrast of a rule.
        erased, cores: uint8 (h, w): where the rule may have left something, and its darkest pixels, become 1.
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
    along = cv2.blur(profile, (1, 9)) > faint
    there = along[:, reach - 1 : reach + 2].any(axis=1)
    marked = profile > faint
    one_way, other_way = (np.cumprod(half, axis=1).sum(axis=1) for half in (marked[:, reach:], marked[:, reach::-1]))
    width = (one_way + other_way - 1).clip(0)
    if there.mean() < CROSSING or np.median(width[there]) > 0.06 * side + 2:
        return False
    typical = np.median(width[there])
    half = typical / 2 + 1.2
    for i in np.flatnonzero(width <= 1.5 * typical + 1.5):  # wider is where a stroke crosses
        start, end = ((round(x[i] + way * step_x), round(y[i] + way * step_y)) for way in (-half, half))
        cv2.line(erased, start, end, 1, 1)
    near = profile[there, reach - 2 : reach + 3].argmax(axis=1) - 2
    places = np.round(np.stack([y[there] + near * step_y, x[there] + near * step_x])).astype(int)
    cores[tuple(places.clip(0, np.array([[cores.shape[0] - 1], [cores.shape[1] - 1]])))] = 1
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


def _heal(
    strength: np.ndarray, rules: np.ndarray, cores: np.ndarray, colors: np.ndarray, full: float, noise: float
) -> np.ndarray:
    """Take the rules out, and leave the ink that is on them."""
    strength = strength.copy()
    erased, near_rules = (cv2.dilate(rules, np.ones((side, side), np.uint8)) > 0 for side in (2, 7))
    find_ink = _tell_apart((strength > SURELY * full) & ~near_rules, cores > 0, colors, noise)
    strength[erased] = _bridge(strength, erased, rules)[erased] if find_ink is None else full * find_ink(colors[erased])
    return strength


def _tell_apart(
    inked: np.ndarray, ruled: np.ndarray, colors: np.ndarray, noise: float
) -> Callable[[np.ndarray], np.ndarray] | None:
    """A function that tells how much ink is on rules, 0 to 1, by the colours of pixels, float32 (n, 3); None where ink
    and rules are too much alike.

    Each pixel is a mixture of paper, rule and ink, found by least squares; what helps where two of the colours lie in
    one direction is that on a rule there is either rule or ink.

    Args:
        inked: where there is ink and no rule, bool (h, w).
        ruled: where there is mostly rule, bool (h, w).
    """
    if inked.sum() < ENOUGH:
        return None
    ink, rule = (np.median(colors[where], axis=0) for where in (inked, ruled))
    spread = max(noise, LEAST_NOISE)
    if np.linalg.norm(ink - rule) < DISTINCT * spread:
        return None
    _, share_of_ink = np.linalg.pinv(np.vstack([np.stack([rule, ink], axis=1) / spread, [CERTAIN, CERTAIN]]))
    by_color, constant = (share_of_ink[:3] / spread).astype(np.float32), np.float32(CERTAIN * share_of_ink[3])
    return lambda pixels: (pixels @ by_color + constant).clip(0, 1)


def _bridge(strength: np.ndarray, erased: np.ndarray, rules: np.ndarray) -> np.ndarray:
    """Close the gaps that rules leave in strokes."""
    distance = cv2.distanceTransform(rules, cv2.DIST_L2, 3)
    gap = max(3, int(8 * distance[rules > 0].mean()) | 1)
    cleared = np.where(erased, 0, strength).astype(np.float32)
    return cv2.morphologyEx(cleared, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))

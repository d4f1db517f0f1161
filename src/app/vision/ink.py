"""Separate ink from background in several simple ways (hypotheses), between which the network decides."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import BoolMask, FloatPicture, Mask, Picture, Plane
from src.app.vision.ruled_lines import erase_ruled_lines

_Scalar = TypeVar("_Scalar", bound=np.number)

DIGIT_SIDES = (112, 640)
"""Pixels: the longer side of a picture of one digit is brought between these."""
NUMBER_SIDES = (640, 1280)
"""Pixels: the longer side of a picture of several digits is brought between these."""

GLOBAL, LOCAL = "difference from the colour of the border", "difference from the background around each point"
PAGE = "difference from the colour of the page"
STRONGER, UNRULED = "only the stronger ink", "only the stronger ink, without ruled lines"

_SMOOTHING = 0.002  # of the longer side: standard deviation of the blur that removes noise
_STRIP = 4  # times the shorter side: a longer side counts as so long, as the digits of a strip are small
_COARSE_SIDE = 112  # pixels: the background is estimated on a copy of this size
_WINDOW = 0.25  # of the longer side: the background of a point is the median around it; strokes are less than half
_MIN_PAGE_SIDE, _MIN_PAGE_SOLIDITY = 0.35, 0.85  # of the picture's longer side; of the page's convex hull
_PAGE_MARGIN = 0.01  # of the longer side: the edge of the page is left out
_MIN_CONTRAST = 8.0  # grey levels between ink and background
_MIN_EDGE, _MAX_EDGE_WIDTH = 0.25, 0.03  # of full ink, within so much of the longer side
_MIN_PIXELS = 8  # of ink


@dataclass(frozen=True)
class Ink:
    """The ink of a picture, which may have been resized, by one hypothesis."""

    strength: Plane  # float32 (h, w): from 0, background, to 1, full ink
    mask: Mask  # uint8 (h, w): 1 on ink, 0 on background
    scale: float  # pixels of the picture per pixel of these arrays
    hypothesis: str = GLOBAL  # how ink and background were told apart
    separability: float = 1.0  # fraction of the contrast's variance that the difference of ink and background explains


def find_inks(picture: Picture, sides: tuple[int, int] = DIGIT_SIDES, rise: float = 1.0) -> Iterator[Ink]:
    """Separate ink from background, whichever is darker, in several ways.

    Args:
        picture: uint8 RGB (h, w, 3).
        sides: the longer side, in pixels, is brought between these.
        rise: how far the threshold of the stronger ink is raised, from 0 (all ink) to 1 (that between faint and strong
            ink).

    Yields:
        One ink for each way in which something stands out from the background.
    """
    resized, scale = _resize_between(picture, *sides)
    height, width = resized.shape[:2]
    side = min(max(height, width), _STRIP * min(height, width))
    resized = np.asarray(cv2.GaussianBlur(resized, (0, 0), _SMOOTHING * side), np.uint8)
    for contrast in _compute_contrasts(resized, rise):
        ink = _make_ink(*contrast, scale)
        if ink is not None:
            yield ink


def get_border(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    """Return the outermost pixels of an array (h, w, ...): (2 * w + 2 * h, ...)."""
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def _compute_contrasts(picture: Picture, rise: float) -> Iterator[tuple[str, Plane, float]]:
    """Compute, for each hypothesis, its name, the contrast of each pixel, and the least contrast of ink."""
    pixels = picture.astype(np.float32)
    contrast = _compute_norms(pixels - _find_median(get_border(pixels)))
    threshold = _find_threshold(contrast)
    yield GLOBAL, contrast, threshold
    page = _find_page(contrast > threshold)
    if page is not None:
        on_page = _compute_norms(pixels - _find_median(pixels[page])) * page
        yield PAGE, on_page, _find_threshold(on_page)
    contrast = _subtract_local_background(picture, pixels)
    threshold = _find_threshold(contrast)
    yield LOCAL, contrast, threshold
    yield STRONGER, contrast, _raise_threshold(contrast, threshold, rise)
    unruled = erase_ruled_lines(contrast, threshold)
    if unruled is not None:
        threshold = _find_threshold(unruled)
        yield UNRULED, unruled, _raise_threshold(unruled, threshold, rise)


def _find_page(mask: BoolMask) -> BoolMask | None:
    """Find a page: a large convex part of what differs from the border; bool (h, w), or None if there is no page."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = max(outlines, key=cv2.contourArea, default=None)
    if outline is None:
        return None
    hull = cv2.convexHull(outline)
    is_solid = cv2.contourArea(outline) >= _MIN_PAGE_SOLIDITY * cv2.contourArea(hull)
    if not is_solid or min(cv2.minAreaRect(hull)[1]) < _MIN_PAGE_SIDE * max(mask.shape):
        return None
    page = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), hull, 1)
    margin = 1 + 2 * round(_PAGE_MARGIN * max(mask.shape))
    page = cv2.erode(page, np.ones((margin, margin), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return page > 0 if page.any() else None


def _subtract_local_background(picture: Picture, pixels: FloatPicture) -> Plane:
    """Compute the contrast of each pixel to the median around it, in the direction of the ink's colour."""
    coarse, _ = _resize_between(picture, 1, _COARSE_SIDE)
    margin = int(_WINDOW / 2 * max(coarse.shape[:2])) + 1
    # Light that grows towards a border is continued beyond it; otherwise the border would look like ink.
    wide = np.pad(coarse.astype(np.int16), ((margin, margin), (margin, margin), (0, 0)), "reflect", reflect_type="odd")
    background = cv2.medianBlur(wide.clip(0, 255).astype(np.uint8), 2 * margin - 1)
    background = cv2.GaussianBlur(background, (0, 0), 3)[margin:-margin, margin:-margin].astype(np.float32)
    background = np.asarray(cv2.resize(background, picture.shape[1::-1]), np.float32)
    light = cv2.transform(background, np.full((1, 3), 1 / 3, np.float32))
    reference = float(np.quantile(light[::4, ::4], 0.9))
    gain = reference / np.maximum(light, np.float32(0.25 * reference + 1))
    difference = ((pixels - background) * gain[..., None]).astype(np.float32)
    contrast = _compute_norms(difference)
    direction = difference[contrast >= _find_threshold(contrast)].mean(axis=0, keepdims=True)
    projected = cv2.transform(difference, direction / max(float(np.linalg.norm(direction)), 1e-6))
    return np.maximum(projected, 0).reshape(contrast.shape)


def _find_median(colors: FloatPicture) -> npt.NDArray[np.float32]:
    """Find the median of colours, float32 (n, 3): float32 (3,)."""
    return np.median(colors, axis=0).astype(np.float32)


def _compute_norms(colors: FloatPicture) -> Plane:
    """Compute the length of each colour vector: float32 (h, w) for float32 (h, w, 3)."""
    return np.sqrt(np.asarray(cv2.transform(colors * colors, np.ones((1, 3), np.float32)), np.float32))


def _find_threshold(contrast: npt.NDArray[np.float32]) -> float:
    """Find the contrast that divides background and ink best, by Otsu's method."""
    highest = float(contrast.max(initial=0))
    if highest < 1:
        return highest
    grey = (contrast * (255 / highest)).astype(np.uint8).reshape(-1, 1)
    return (cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[0] + 0.5) * highest / 255


def _raise_threshold(contrast: Plane, threshold: float, rise: float) -> float:
    """Raise a threshold a fraction of the way to the one that divides faint and strong ink best."""
    return threshold + rise * (_find_threshold(contrast[contrast > threshold]) - threshold)


def _make_ink(hypothesis: str, contrast: Plane, threshold: float, scale: float) -> Ink | None:
    mask = contrast > threshold
    num_pixels = int(np.count_nonzero(mask))
    if not _MIN_PIXELS <= num_pixels < mask.size:
        return None
    marked, total = contrast[mask], float(contrast.sum(dtype=np.float64))
    full = float(np.median(marked))
    strength = np.clip(contrast / full, 0, 1)
    if full < _MIN_CONTRAST or not _has_edges(strength, mask.astype(np.uint8)):
        return None
    # Otsu's separability: the variance between both classes over the whole variance.
    fraction, mean = num_pixels / mask.size, total / mask.size
    between = fraction * (float(marked.mean()) - mean) ** 2 / (1 - fraction)
    return Ink(strength, mask.astype(np.uint8), scale, hypothesis, between / float(contrast.var()))


def _has_edges(strength: Plane, mask: Mask) -> bool:
    """Return whether ink ends within a short distance, as strokes do, and light and shadow do not."""
    side = 1 + 2 * round(0.5 * _MAX_EDGE_WIDTH * max(mask.shape) + 1)
    square = np.ones((side, side), np.uint8)
    is_outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    change = cv2.morphologyEx(strength, cv2.MORPH_GRADIENT, square)[is_outline]
    return bool(np.median(change) > _MIN_EDGE)


def _resize_between(picture: Picture, smallest: int, largest: int) -> tuple[Picture, float]:
    """Resize so that the longer side lies between these bounds; also return the factor by which it became smaller."""
    height, width = picture.shape[:2]
    side = max(height, width)
    scale = side / min(max(side, smallest), largest)
    if scale == 1:
        return np.ascontiguousarray(picture), 1.0
    size = max(1, round(width / scale)), max(1, round(height / scale))
    resized = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC)
    return np.asarray(resized, np.uint8), scale

"""Find a page (a piece of paper) in a picture that also shows other things around it."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.app.vision.arrays import Mask, Picture
from src.app.vision.background import (
    MIN_BORDER_FRACTION,
    count_border_pixels,
    find_edges,
    find_regions,
    get_border,
    smooth_background,
)

_TINY_SIDE, _COARSE_SIDE = 24, 112  # pixels: plain pictures are recognised, and pages found, on copies of these sizes
_MIN_PLAIN = 0.75  # of a plain picture's pixels, and of its border, are alike
_MIN_AREA = 0.12  # of the picture
_ALIKE = 30.0  # grey levels: parts of a page, between ruled lines or shadows, differ by less
_MAX_BORDER = 0.25  # of the border: where more of it looks like the page, the whole picture is one page
_MIN_SOLIDITY = 0.85  # area of a page over that of its convex hull
_MIN_EDGE_PIXELS = 8  # inside: a region with fewer is a stain, or the hole of a 0


@dataclass(frozen=True)
class Page:
    """The part of a picture that shows a page; pixels around the page have its colour."""

    picture: Picture
    left: int  # pixels of the whole picture
    top: int


def find_page(picture: Picture) -> Page | None:
    """Find a page with something written on it that does not reach the border of the picture.

    Args:
        picture: uint8 RGB (h, w, 3).

    Returns:
        The page, or None, as for most pictures.
    """
    height, width = picture.shape[:2]
    if _is_plain(picture[:: max(1, height // _TINY_SIDE), :: max(1, width // _TINY_SIDE)]):
        return None
    factor = min(1.0, _COARSE_SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    coarse = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    hull = _find_hull(coarse)
    if hull is None:
        return None
    background = smooth_background(coarse.astype(np.float32), hull > 0)
    left, top, hull_width, hull_height = cv2.boundingRect(hull)
    rows = slice(top * height // size[1], -(-(top + hull_height) * height // size[1]))
    columns = slice(left * width // size[0], -(-(left + hull_width) * width // size[0]))
    is_page = cv2.resize(hull * np.float32(255), (width, height))[rows, columns, None] > 127
    around = cv2.resize(background, (width, height))[rows, columns]
    return Page(np.where(is_page, picture[rows, columns], around).astype(np.uint8), columns.start, rows.start)


def _is_plain(picture: Picture) -> bool:
    """Return whether most of the picture looks like most of its border, so that there is no page to look for."""
    border = get_border(picture)
    color = np.median(border, axis=0)
    fractions = [(np.abs(pixels - color).max(axis=-1) < _ALIKE).mean() for pixels in (border, picture)]
    return bool(min(fractions) > _MIN_PLAIN)


def _find_hull(picture: Picture) -> Mask | None:
    """Find the convex hull of the page: uint8 (h, w), 1 inside; None if there is no page."""
    edges = find_edges(picture)
    num_regions, regions, area = find_regions(edges)
    on_border = count_border_pixels(regions, num_regions)
    on_border[0] = 0  # Edges are no region.
    is_inner = on_border < MIN_BORDER_FRACTION * on_border.sum()
    is_inner[0] = False
    largest = int((area * is_inner).argmax())
    if not is_inner[largest]:
        return None
    sums = [np.bincount(regions.ravel(), channel.ravel(), num_regions) for channel in cv2.split(picture)]
    colors = np.stack(sums, axis=1) / area.clip(1)[:, None]
    is_alike = np.abs(colors - colors[largest]).max(axis=1) < _ALIKE
    if on_border[is_alike].sum() > _MAX_BORDER * on_border.sum():
        return None
    kernel = np.ones((7, 7), np.uint8)
    joined = cv2.morphologyEx((is_alike & is_inner)[regions].astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    outline = max(cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=cv2.contourArea)
    corners = cv2.convexHull(outline)
    if cv2.contourArea(outline) <= max(_MIN_SOLIDITY * cv2.contourArea(corners), _MIN_AREA * edges.size):
        return None
    hull = np.zeros_like(edges)
    cv2.fillConvexPoly(hull, corners, 1)
    num_edge_pixels = ((edges > 0) & (cv2.erode(hull, kernel) > 0)).sum()
    return hull if num_edge_pixels >= _MIN_EDGE_PIXELS else None

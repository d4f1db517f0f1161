"""A sheet of paper that lies in the picture with other things around it."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.app.vision.background import BORDER, count_border_pixels, divide, find_edges, spread

TINY_SIDE, COARSE_SIDE = 24, 112  # pixels: plain pictures are known, and sheets are looked for, on small copies
PLAIN = 0.75  # of the picture, and of its border
SMALLEST = 0.12  # of the picture
ALIKE = 30.0  # grey levels: parts of a sheet, between rules or shadows, differ by less
SAME = 0.25  # of the border: where more of it is like the sheet, it is all one paper, with rules
SOLID = 0.85  # of its convex hull
WRITTEN = 8  # pixels of edges inside, at least: else it is no sheet but a blot, or the hole of a 0


@dataclass(frozen=True)
class Sheet:
    """The part of a picture in which a sheet lies, with paper in place of what is around it."""

    picture: np.ndarray  # uint8 RGB (h, w, 3)
    left: int  # pixels of the whole picture
    top: int


def find_sheet(picture: np.ndarray) -> Sheet | None:
    """Find a sheet with something written on it that does not reach the border; None for most pictures.

    Args:
        picture: uint8 RGB (h, w, 3).
    """
    height, width = picture.shape[:2]
    if _is_plain(picture[:: max(1, height // TINY_SIDE), :: max(1, width // TINY_SIDE)]):
        return None
    factor = min(1.0, COARSE_SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    coarse = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    hull = _find_hull(coarse)
    if hull is None:
        return None
    paper = spread(coarse.astype(np.float32), hull > 0)
    left, top, wide, high = cv2.boundingRect(hull)
    rows = slice(top * height // size[1], -(-(top + high) * height // size[1]))
    columns = slice(left * width // size[0], -(-(left + wide) * width // size[0]))
    inside = cv2.resize(hull * np.float32(255), (width, height))[rows, columns, None] > 127
    around = cv2.resize(paper, (width, height))[rows, columns]
    return Sheet(np.where(inside, picture[rows, columns], around).astype(np.uint8), columns.start, rows.start)


def _is_plain(picture: np.ndarray) -> bool:
    """Whether most of the picture looks like most of its border, which most pictures do: there is nothing to search."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    color = np.median(border, axis=0)
    border_alike, alike = ((np.abs(pixels - color).max(axis=-1) < ALIKE).mean() for pixels in (border, picture))
    return bool(border_alike > PLAIN and alike > PLAIN)


def _find_hull(picture: np.ndarray) -> np.ndarray | None:
    """Where the sheet is, uint8 (h, w)."""
    edges = find_edges(picture)
    num_parts, parts, stats, _ = divide(edges)
    on_border = count_border_pixels(parts, num_parts)
    on_border[0] = 0  # the edges themselves
    inner = on_border < BORDER * on_border.sum()
    inner[0] = False
    area = stats[:, cv2.CC_STAT_AREA]
    largest = int((area * inner).argmax())
    if not inner[largest]:
        return None
    sums = [np.bincount(parts.ravel(), channel.ravel(), num_parts) for channel in cv2.split(picture)]
    colors = np.stack(sums, axis=1) / area.clip(1)[:, None]
    alike = np.abs(colors - colors[largest]).max(axis=1) < ALIKE
    if on_border[alike].sum() > SAME * on_border.sum():
        return None
    joined = cv2.morphologyEx((alike & inner)[parts].astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    outline = max(cv2.findContours(joined, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=cv2.contourArea)
    corners = cv2.convexHull(outline)
    is_sheet = cv2.contourArea(outline) > max(SOLID * cv2.contourArea(corners), SMALLEST * edges.size)
    hull = cv2.fillConvexPoly(np.zeros_like(edges), corners, 1)
    written = (edges > 0) & (cv2.erode(hull, np.ones((7, 7), np.uint8)) > 0)
    return hull if is_sheet and written.sum() >= WRITTEN else None

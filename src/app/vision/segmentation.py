"""Divide the ink of a number: strokes into pieces, pieces into lines, wide pieces where they may be cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from src.app.vision.components import Box, Strokes, find_strokes, surround, widen
from src.app.vision.ink import Ink

MAX_STROKES = 60  # that are looked at, the heaviest
FAINT = 0.03  # of the heaviest stroke's ink: less is a speck
# Of the digits' height:
SMALL = 0.65  # a lower stroke is taken together with the stroke next to it, as both may be parts of a digit
NEXT_TO = 0.2  # how far off that stroke it may lie
SPECK = 0.4  # what is lower, with all that was taken together, is no digit
# Of the smaller one's:
ABOVE = 0.6  # width: who shares so much of it stands above the other
BROKEN = -0.2, 0.3  # height: between parts of a digit that stand above one another
SAME_LINE = 0.3  # height: who shares more of it stands on the same line

CENTRAL = 0.12  # of full ink: what it costs to be as far from the middle between two digits as these are
CLEAR = 0.02  # of full ink: what a way through paper costs, so that it is short
ASIDE = 0.05  # of full ink: what a step to the side costs, so that it is straight
SCRAP = 0.1  # of the mean part's ink: less is no part


@dataclass(frozen=True)
class Piece:
    """Strokes that are one digit, or several that touch."""

    mask: np.ndarray  # uint8, of `widen(box)`: 1 on these strokes
    box: Box  # in the pixels of the ink

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def width(self) -> int:
        return self.box[2] - self.box[0]


def find_pieces(ink: Ink) -> list[Piece]:
    """Connected strokes, small ones and parts of a broken one joined to their digit; none that touches the border."""
    strokes = find_strokes(ink)
    # What hangs on the border is the table, a frame or a rule.
    mass = np.where(strokes.num_borders == 0, strokes.mass, 0)
    kept = [int(i) for i in np.argsort(-mass)[:MAX_STROKES] if mass[i] > FAINT * mass.max()]
    if not kept:
        return []
    return [_make_piece(group, strokes) for group in _join_broken(_join_small(kept, mass, strokes), strokes.boxes)]


def _make_piece(group: list[int], strokes: Strokes) -> Piece:
    box = surround(strokes.boxes[group])
    return Piece(np.isin(strokes.labels[widen(box)], group).astype(np.uint8), box)


def _join_small(kept: list[int], mass: np.ndarray, strokes: Strokes) -> list[list[int]]:
    """Take small strokes together with the stroke that they are next to; specks that are next to none are left out."""
    heights = strokes.boxes[:, 3] - strokes.boxes[:, 1]
    digit_height = _weighted_median(heights[kept], mass[kept])
    groups = {i: [i] for i in kept}
    for i in kept:
        if heights[i] < SMALL * digit_height:
            nearest = _find_nearest(i, kept, strokes, NEXT_TO * digit_height)
            if nearest is not None and nearest not in groups[i]:
                groups[nearest] += groups[i]
                groups |= dict.fromkeys(groups[i], groups[nearest])
    joined = [group for i, group in groups.items() if group[0] == i]
    boxes = [surround(strokes.boxes[group]) for group in joined]
    return [group for group, box in zip(joined, boxes, strict=True) if box[3] - box[1] >= SPECK * digit_height]


def _find_nearest(stroke: int, kept: list[int], strokes: Strokes, reach: float) -> int | None:
    """The stroke, of those that are kept, that is nearest to this one, if so many pixels or less away."""
    left, top, right, bottom = strokes.boxes[stroke]
    around = int(reach) + 1
    labels = strokes.labels[max(top - around, 0) : bottom + around, max(left - around, 0) : right + around]
    distance = cv2.distanceTransform((labels != stroke).astype(np.uint8), cv2.DIST_L2, 5)
    is_near = np.isin(labels, kept) & (labels != stroke) & (distance <= reach)
    return int(labels[is_near][distance[is_near].argmin()]) if is_near.any() else None


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _join_broken(groups: list[list[int]], boxes: np.ndarray) -> list[list[int]]:
    """Join what stands close above another: a digit whose stroke is broken."""
    joined: list[list[int]] = []
    for group in groups:
        for other in joined:
            if _is_broken(surround(boxes[group]), surround(boxes[other])):
                other += group
                break
        else:
            joined.append(group)
    return joined


def _is_broken(one: Box, other: Box) -> bool:
    shared = min(one[2], other[2]) - max(one[0], other[0])
    gap = max(one[1] - other[3], other[1] - one[3])
    width, height = (min(box[end] - box[start] for box in (one, other)) for start, end in ((0, 2), (1, 3)))
    return shared >= ABOVE * width and BROKEN[0] * height <= gap <= BROKEN[1] * height


def split_lines(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces from the left go on the line whose last piece stands at the same height, so lines may rise or fall."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.box[0]):
        fits = [line for line in lines if _share_height(line[-1], piece) > SAME_LINE]
        if fits:
            max(fits, key=lambda line: _share_height(line[-1], piece)).append(piece)
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: float(np.mean([piece.box[1] + piece.box[3] for piece in line])))


def _share_height(one: Piece, other: Piece) -> float:
    return (min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])) / min(one.height, other.height)


def cut(piece: Piece, left: np.ndarray, right: np.ndarray, num_parts: int) -> Piece | None:
    """What lies between two seams, each a column for every row of the mask; None if, for one of so many parts, that is
    next to nothing."""
    columns = np.arange(piece.mask.shape[1])
    mask = piece.mask * ((columns >= left[:, None]) & (columns < right[:, None]))
    if mask.sum() * num_parts < SCRAP * piece.mask.sum():
        return None
    rows, found = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    inside = int(found[0]), int(rows[0]), int(found[-1]) + 1, int(rows[-1]) + 1
    start_rows, start_columns = widen(piece.box)
    box = (
        inside[0] + start_columns.start, inside[1] + start_rows.start,
        inside[2] + start_columns.start, inside[3] + start_rows.start,
    )  # fmt: skip
    return Piece(mask[widen(inside)], box)


def find_seams(ink: Ink, piece: Piece, middles: Sequence[float]) -> list[np.ndarray]:
    """Ways from top to bottom that cross little ink, one between each two neighbours of these columns.

    Args:
        middles: of the piece's digits, from the left: columns of its mask.

    Returns:
        int (h,) each: a column for every row of the mask.
    """
    strength = ink.strength[widen(piece.box)] * piece.mask
    seams = []
    for left, right in pairwise(middles):
        start, end = round(left), max(round(right), round(left) + 1)
        off_center = np.linspace(-1, 1, end - start) ** 2
        seams.append(start + _find_cheapest_path(strength[:, start:end] + CLEAR + CENTRAL * off_center))
    return seams


def _find_cheapest_path(cost: np.ndarray) -> np.ndarray:
    """The cheapest way down through costs, (h, w), a column to either side at a time: int (h,).

    Source: seam carving, Avidan and Shamir 2007, doi:10.1145/1276377.1276390.
    """
    total, steps = cost[0].copy(), []
    for row in cost[1:]:
        padded = np.pad(total, 1, constant_values=np.inf)
        choices = np.stack([padded[:-2] + ASIDE, padded[1:-1], padded[2:] + ASIDE])
        step = choices.argmin(axis=0)
        steps.append(step - 1)
        total = row + choices.min(axis=0)
    path = [int(total.argmin())]
    for step in reversed(steps):
        path.append(path[-1] + step[path[-1]])
    return np.array(path[::-1])

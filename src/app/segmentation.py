"""Divide the ink of a number: strokes into pieces, pieces into lines, wide pieces where they may be cut."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from src.app.ink import Ink
from src.app.preprocessing import Box, measure_stroke_width, surround

FAINT = 0.03  # of the heaviest stroke's ink: less is a speck
SMALL = 0.4  # of the digits' height: a lower stroke belongs to the digit next to it
NEAR = 0.25  # of the digits' height: how far off its digit such a stroke may lie
MAX_STROKES = 60  # that are looked at, the heaviest
MAX_CUTS = 9  # places at which one piece may be divided


@dataclass(frozen=True)
class Piece:
    """Strokes that are one digit, or several that touch."""

    mask: np.ndarray  # uint8 (h, w), of all the ink: 1 on these strokes
    box: Box

    @property
    def height(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def width(self) -> int:
        return self.box[2] - self.box[0]


@dataclass(frozen=True)
class Seam:
    """A way from top to bottom along which a piece may be divided."""

    columns: np.ndarray  # int (h,): of each row
    crossed: float  # ink, in widths of a stroke


def find_pieces(ink: Ink) -> list[Piece]:
    """Connected strokes, small ones joined to the digit that they belong to."""
    num_strokes, labels, stats, _ = cv2.connectedComponentsWithStats(ink.strokes, connectivity=8)
    inked, firm = ink.strokes > 0, ink.strokes > 1
    mass = np.bincount(labels[inked], ink.strength[inked], num_strokes)
    mass[np.bincount(labels[firm], minlength=num_strokes) == 0] = 0
    left, top, wide, high = stats[:, :4].T
    boxes = np.stack([left, top, left + wide, top + high], axis=1)
    height, width = ink.strokes.shape
    # What hangs on the border is the table, a frame or a rule.
    inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    mass[~inside] = 0
    kept = [int(i) for i in np.argsort(-mass)[:MAX_STROKES] if mass[i] > FAINT * mass.max()]
    if not kept:
        return []
    digit_height = _weighted_median(high[kept], mass[kept])
    groups = {i: [i] for i in kept if high[i] >= SMALL * digit_height}
    for i in set(kept) - set(groups):
        gaps = {j: _measure_gap(boxes[i], surround(boxes[groups[j]])) for j in groups}
        nearest = min(gaps, key=lambda j: gaps[j])
        if gaps[nearest] <= NEAR * digit_height:
            groups[nearest].append(i)
    pieces = []
    for group in _stack(groups, boxes):
        chosen = np.zeros(num_strokes, np.uint8)
        chosen[group] = 1
        pieces.append(Piece(chosen[labels], surround(boxes[group])))
    return pieces


def _stack(groups: dict[int, list[int]], boxes: np.ndarray) -> list[list[int]]:
    """Join what stands above another within a digit's height: a digit whose stroke is broken."""
    stacked: list[list[int]] = []
    for group in groups.values():
        box = surround(boxes[group])
        for other in stacked:
            above = surround(boxes[other])
            shared = min(box[2], above[2]) - max(box[0], above[0])
            gap = max(box[1] - above[3], above[1] - box[3])
            lower = min(box[3] - box[1], above[3] - above[1])
            if shared >= 0.6 * min(box[2] - box[0], above[2] - above[0]) and gap <= 0.3 * lower:
                other += group
                break
        else:
            stacked.append(list(group))
    return stacked


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _measure_gap(one: Sequence[int], other: Sequence[int]) -> int:
    return max(one[0] - other[2], other[0] - one[2], one[1] - other[3], other[1] - one[3], 0)


def split_lines(pieces: list[Piece]) -> list[list[Piece]]:
    """Pieces from the left go on the line whose last piece stands at the same height, so lines may rise or fall."""
    lines: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.box[0]):
        fits = [line for line in lines if _share_height(line[-1], piece) > 0.4]
        if fits:
            max(fits, key=lambda line: _share_height(line[-1], piece)).append(piece)
        else:
            lines.append([piece])
    return sorted(lines, key=lambda line: float(np.mean([piece.box[1] + piece.box[3] for piece in line])))


def _share_height(one: Piece, other: Piece) -> float:
    return (min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])) / min(one.height, other.height)


def cut(piece: Piece, left: np.ndarray, right: np.ndarray) -> Piece | None:
    """What lies between two seams, each a column for every row."""
    columns = np.arange(piece.mask.shape[1])
    mask = piece.mask * ((columns >= left[:, None]) & (columns < right[:, None]))
    if mask.sum() < 0.05 * piece.mask.sum():
        return None
    rows, found = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return Piece(mask.astype(np.uint8), (int(found[0]), int(rows[0]), int(found[-1]) + 1, int(rows[-1]) + 1))


def find_seams(ink: Ink, piece: Piece, margin: float) -> list[Seam]:
    """Ways from top to bottom that cross little ink, from the left."""
    left, top, right, bottom = piece.box
    strength = (ink.strength * piece.mask)[top:bottom, left:right]
    paths = _find_cheapest_paths(strength + 0.02)
    crossed = np.array([strength[np.arange(len(strength)), path].sum() for path in paths])
    stroke_width = max(1.0, measure_stroke_width(piece.mask[top:bottom, left:right]))
    seams: list[Seam] = []
    for index in np.argsort(crossed):
        path = paths[index]
        middle = path.mean()
        apart = all(abs(middle - seam.columns[top:bottom].mean() + left) > margin for seam in seams)
        if apart and margin < middle < piece.width - margin and len(seams) < MAX_CUTS:
            whole = np.full(piece.mask.shape[0], round(middle) + left)
            whole[top:bottom] = path + left
            seams.append(Seam(whole, float(crossed[index]) / stroke_width))
    return sorted(seams, key=lambda seam: float(seam.columns.mean()))


def _find_cheapest_paths(cost: np.ndarray) -> list[np.ndarray]:
    """For each column of the last row, the cheapest way up, a column to either side at a time (seam carving)."""
    total, steps = cost[0].copy(), []
    for row in cost[1:]:
        padded = np.pad(total, 1, constant_values=np.inf)
        choices = np.stack([padded[:-2] + 0.05, padded[1:-1], padded[2:] + 0.05])
        step = choices.argmin(axis=0)
        steps.append(step - 1)
        total = row + choices.min(axis=0)
    columns = np.arange(cost.shape[1])
    path = [columns]
    for step in reversed(steps):
        columns = columns + step[columns]
        path.append(columns)
    return list(np.stack(path[::-1]).T)

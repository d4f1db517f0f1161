"""Divide the ink of a number: components into segments, segments into lines, segments of several digits along seams."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Box, Boxes
from src.app.vision.components import (
    Components,
    Segment,
    find_components,
    make_segment,
    measure_gaps,
    merge_boxes,
    slice_with_margin,
)
from src.app.vision.ink import Ink
from src.app.vision.signs import Sign, find_signs
from src.images.centering import find_extent

Seam = npt.NDArray[np.int64]
"""(h,): a column for each row of a segment's mask."""

MAX_COMPONENTS = 120
"""Only so many components, those with the most ink, are read; as many others may be marked."""

_MIN_MASS = 0.03  # of the heaviest component's ink: components with less are specks
# Fractions of the digits' height:
_SMALL = 0.65  # lower components are joined to the closest one, as both may be parts of a digit
_MAX_DISTANCE = 0.2  # to that closest component
_MIN_HEIGHT = 0.4  # segments that are lower are no digits
_DIGIT_HEIGHTS, _MAX_WIDTH = (0.35, 1.6), 2.0  # other ink of such a size may be a digit
_MAX_OTHER_GAP = 0.25  # between parts of other ink
_MIN_OTHER_MASS = 0.06  # of the median component's ink: other ink with less is no digit
_MIN_OTHER_PART = 0.01  # of it: components with less are not part of other ink
# Fractions of the smaller one of two segments:
_MIN_SHARED_WIDTH = 0.6  # segments that share more of their columns stand above each other
_BROKEN_GAP = -0.2, 0.3  # of the height: the gap between parts of one digit that stand above each other
_MIN_SHARED_HEIGHT = 0.3  # segments that share more of their rows stand on the same line
_NEARLY_SHARED_HEIGHT = -0.2  # so do segments that nearly share rows, if neither stands above the other

# Fractions of full ink: the cost of a seam per pixel, in addition to the ink it crosses.
_DISTANCE_COST = 0.12  # at the centre of a digit; it falls to 0 in the middle between two digits
_LENGTH_COST = 0.02  # keeps seams short
_SIDE_STEP_COST = 0.05  # keeps seams straight
_SIDE_STEPS = np.array([_SIDE_STEP_COST, 0.0, _SIDE_STEP_COST])  # to the column on the left, to the same, to the right
_MIN_PART_FRACTION = 0.1  # of the mean part's ink


@dataclass(frozen=True)
class Segmentation:
    """The ink of a number, divided."""

    segments: list[Segment]  # each is one digit, or several that touch
    signs: list[Sign]
    others: list[Segment]  # ink of a digit's size that is not part of a segment


def find_segments(ink: Ink) -> Segmentation:
    """Find the segments of ink that do not touch the border, and what else may be a digit.

    Small components are joined to the digit next to them, and the parts of a broken digit to each other.
    """
    components = find_components(ink)
    # What touches the border may be the edge of a table, a frame or a ruled line.
    mass = np.where(components.num_borders == 0, components.mass, 0)
    kept = [int(i) for i in np.argsort(-mass)[:MAX_COMPONENTS] if mass[i] > _MIN_MASS * mass.max()]
    if not kept:
        return Segmentation([], [], [])
    heights = components.boxes[:, 3] - components.boxes[:, 1]
    digit_height = _compute_weighted_median(heights[kept], mass[kept])
    signs = find_signs(components, digit_height)
    groups = _join_small([i for i in kept if i not in signs], digit_height, components)
    segments = [make_segment(components, group) for group in _join_broken(groups, components.boxes)]
    used = [i for group in groups for i in group] + list(signs)
    others = _find_others(components, used, digit_height, float(np.median(mass[kept])))
    return Segmentation(segments, list(signs.values()), [make_segment(components, group) for group in others])


def _find_others(components: Components, used: list[int], digit_height: float, typical_mass: float) -> list[list[int]]:
    """Find unused ink of a digit's size, at one border at most; components close to each other count as one digit."""
    is_free = (components.mass > _MIN_OTHER_PART * typical_mass) & (components.num_borders <= 1)
    is_free[used] = False
    groups: list[list[int]] = []
    for i in [int(i) for i in np.argsort(-components.mass) if is_free[i]][:MAX_COMPONENTS]:
        distances = [
            measure_gaps(components.boxes[group], merge_boxes(components.boxes[[i]])).min() for group in groups
        ]
        is_near = [distance <= _MAX_OTHER_GAP * digit_height for distance in distances]
        near = [group for group, near in zip(groups, is_near, strict=True) if near]
        groups = [group for group, near in zip(groups, is_near, strict=True) if not near]
        groups.append([i, *(number for group in near for number in group)])
    return [group for group in groups if _is_digit_sized(components, group, digit_height, typical_mass)]


def _is_digit_sized(components: Components, group: list[int], digit_height: float, typical_mass: float) -> bool:
    left, top, right, bottom = merge_boxes(components.boxes[group])
    is_dark = components.mass[group].sum() > _MIN_OTHER_MASS * typical_mass
    low, high = _DIGIT_HEIGHTS
    return bool(is_dark and right - left < _MAX_WIDTH * digit_height and low < (bottom - top) / digit_height < high)


def _join_small(kept: list[int], digit_height: float, components: Components) -> list[list[int]]:
    """Join small components to the closest component; leave out groups that stay too low."""
    heights = components.boxes[:, 3] - components.boxes[:, 1]
    groups = {i: [i] for i in kept}
    for i in kept:
        if heights[i] < _SMALL * digit_height:
            closest = _find_closest(i, kept, components, _MAX_DISTANCE * digit_height)
            if closest is not None and closest not in groups[i]:
                groups[closest] += groups[i]
                groups |= dict.fromkeys(groups[i], groups[closest])
    joined = [group for i, group in groups.items() if group[0] == i]
    boxes = [merge_boxes(components.boxes[group]) for group in joined]
    return [group for group, box in zip(joined, boxes, strict=True) if box[3] - box[1] >= _MIN_HEIGHT * digit_height]


def _find_closest(number: int, kept: list[int], components: Components, max_distance: float) -> int | None:
    """Find the kept component that is closest to the given one; None if none is within `max_distance` pixels."""
    left, top, right, bottom = components.boxes[number]
    margin = int(max_distance) + 1
    labels = components.labels[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin]
    distance = cv2.distanceTransform((labels != number).astype(np.uint8), cv2.DIST_L2, 5)
    is_near = np.isin(labels, kept) & (labels != number) & (distance <= max_distance)
    return int(labels[is_near][distance[is_near].argmin()]) if is_near.any() else None


def _compute_weighted_median(values: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _join_broken(groups: list[list[int]], boxes: Boxes) -> list[list[int]]:
    """Join groups of components that stand close above each other: a digit whose stroke is broken."""
    joined: list[list[int]] = []
    for group in groups:
        box = merge_boxes(boxes[group])
        other = next((other for other in joined if _is_broken(box, merge_boxes(boxes[other]))), None)
        if other is None:
            joined.append(group)
        else:
            other.extend(group)
    return joined


def _is_broken(one: Box, other: Box) -> bool:
    gap = -_measure_shared(one, other, axis=1)
    return _measure_shared(one, other, axis=0) >= _MIN_SHARED_WIDTH and _BROKEN_GAP[0] <= gap <= _BROKEN_GAP[1]


def split_lines(segments: list[Segment]) -> list[list[Segment]]:
    """Sort segments into lines from top to bottom, each from left to right.

    A segment belongs to the line whose last segment shares the most of its rows, so lines may rise or fall.
    """
    lines: list[list[Segment]] = []
    for segment in sorted(segments, key=lambda segment: segment.box[0]):
        fits = [line for line in lines if _are_on_one_line(line[-1].box, segment.box)]
        if fits:
            max(fits, key=lambda line: _measure_shared(line[-1].box, segment.box, axis=1)).append(segment)
        else:
            lines.append([segment])
    return sorted(lines, key=lambda line: float(np.mean([segment.box[1] + segment.box[3] for segment in line])))


def _are_on_one_line(one: Box, other: Box) -> bool:
    height, width = (_measure_shared(one, other, axis) for axis in (1, 0))
    return height > _MIN_SHARED_HEIGHT or (height > _NEARLY_SHARED_HEIGHT and width < 0)


def _measure_shared(one: Box, other: Box, axis: int) -> float:
    """Return the columns (axis 0) or rows (axis 1) that two boxes share, as a fraction of the smaller box.

    Negative values are gaps.
    """
    size = min(box[axis + 2] - box[axis] for box in (one, other))
    return (min(one[axis + 2], other[axis + 2]) - max(one[axis], other[axis])) / size


def cut_segment(segment: Segment, seams: Sequence[Seam]) -> list[Segment | None]:
    """Cut a segment along seams, from left to right.

    Returns:
        One part more than seams; None for a part with less than a tenth of the mean part's ink.
    """
    num_rows, num_columns = segment.mask.shape
    bounds = [np.zeros(num_rows, np.int64), *seams, np.full(num_rows, num_columns)]
    return [_cut_part(segment, left, right, len(seams) + 1) for left, right in pairwise(bounds)]


def _cut_part(segment: Segment, left: Seam, right: Seam, num_parts: int) -> Segment | None:
    columns = np.arange(segment.mask.shape[1])
    mask = segment.mask * ((columns >= left[:, None]) & (columns < right[:, None]))
    if mask.sum() * num_parts < _MIN_PART_FRACTION * segment.mask.sum():
        return None
    ink_rows, ink_columns = find_extent(mask)
    inner = int(ink_columns[0]), int(ink_rows[0]), int(ink_columns[-1]) + 1, int(ink_rows[-1]) + 1
    rows, columns_ = slice_with_margin(segment.box)
    box = inner[0] + columns_.start, inner[1] + rows.start, inner[2] + columns_.start, inner[3] + rows.start
    return Segment(mask[slice_with_margin(inner)], box)


def find_seams(ink: Ink, segment: Segment, centers: Sequence[float]) -> list[Seam]:
    """Find the seams between digits: paths from top to bottom that cross little ink.

    Args:
        ink: the ink that the segment is part of.
        segment: several digits.
        centers: columns of the segment's mask at the centres of its digits, from left to right.

    Returns:
        One seam between each two neighbouring centres.
    """
    strength = ink.strength[slice_with_margin(segment.box)] * segment.mask
    seams = []
    for left, right in pairwise(centers):
        start, end = round(left), max(round(right), round(left) + 1)
        distance = np.linspace(-1, 1, end - start) ** 2
        seams.append(start + _find_cheapest_path(strength[:, start:end] + _LENGTH_COST + _DISTANCE_COST * distance))
    return seams


def _find_cheapest_path(cost: npt.NDArray[np.floating]) -> Seam:
    """Find the cheapest path from the first row to the last that moves at most one column per row.

    Source: seam carving, Avidan and Shamir 2007, doi:10.1145/1276377.1276390.

    Args:
        cost: of each pixel, (h, w).

    Returns:
        int (h,): the column in each row.
    """
    num_rows, num_columns = cost.shape
    totals = np.full((num_rows, num_columns + 2), np.inf)  # One column more on each side, which no path enters.
    totals[0, 1:-1] = cost[0]
    for above, row, total in zip(totals, cost[1:], totals[1:], strict=False):
        aside = np.minimum(above[:-2], above[2:]) + _SIDE_STEP_COST
        np.add(np.minimum(above[1:-1], aside), row, out=total[1:-1])
    path = [int(totals[-1].argmin())]
    for total in totals[-2::-1]:
        column = path[-1]
        path.append(column - 1 + int((total[column - 1 : column + 2] + _SIDE_STEPS).argmin()))
    return np.array(path[::-1]) - 1

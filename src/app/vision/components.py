"""Connected components of ink, without printed boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Box, Boxes, LabelMap, Mask
from src.app.vision.ink import Ink

_MIN_CONTENT = 0.1  # of a frame's ink: what it encloses has more
_MIN_RECTANGULARITY = 0.87  # area over that of the smallest enclosing rectangle: a frame has more; an ellipse has 0.79
_NUM_FRAME_CANDIDATES = 3


@dataclass(frozen=True)
class Components:
    """The connected components of ink; component 0 is the background."""

    labels: LabelMap  # int32 (h, w): the component of each pixel
    boxes: Boxes  # int (n, 4)
    mass: npt.NDArray[np.float64]  # (n,): sum of the ink; 0 for background and frames
    num_borders: npt.NDArray[np.int64]  # (n,): number of sides of the picture that the component touches


@dataclass(frozen=True)
class Segment:
    """Components that form one digit, or several that touch."""

    mask: Mask  # of `slice_with_margin(box)`: 1 on the components
    box: Box  # in pixels of the ink

    @property
    def height(self) -> int:
        """Pixels of the ink."""
        return self.box[3] - self.box[1]

    @property
    def width(self) -> int:
        """Pixels of the ink."""
        return self.box[2] - self.box[0]


def find_components(ink: Ink) -> Components:
    """Find the connected components of ink."""
    height, width = ink.mask.shape
    num, labels, stats, _ = cv2.connectedComponentsWithStats(ink.mask, connectivity=8)
    is_ink = ink.mask > 0
    mass = np.bincount(labels[is_ink], ink.strength[is_ink], num).astype(np.float64)
    left, top, widths, heights = stats[:, :4].T
    right, bottom = left + widths, top + heights
    num_borders = (left <= 0).astype(np.int64) + (top <= 0) + (right >= width) + (bottom >= height)
    boxes = np.stack([left, top, right, bottom], axis=1).astype(np.int64)
    components = Components(np.asarray(labels, np.int32), boxes, mass, num_borders)
    for largest in np.argsort(-widths * heights)[1 : 1 + _NUM_FRAME_CANDIDATES]:  # The background comes first.
        if mass[largest] and _is_frame(components, int(largest)):
            mass[largest] = 0
    return components


def _is_frame(components: Components, number: int) -> bool:
    """Return whether a component is a printed box, or a row of boxes, around other components."""
    boxes, mass = components.boxes, components.mass
    left, top, right, bottom = boxes[number]
    is_inside = (boxes[:, 0] > left) & (boxes[:, 1] > top) & (boxes[:, 2] < right) & (boxes[:, 3] < bottom)
    if not (is_inside & (mass > _MIN_CONTENT * mass[number])).any():
        return False
    mask = (components.labels[top:bottom, left:right] == number).astype(np.uint8)
    (outline, *_), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    _, size, _ = cv2.minAreaRect(outline)
    return cv2.contourArea(outline) > _MIN_RECTANGULARITY * size[0] * size[1]


def make_segment(components: Components, numbers: Sequence[int]) -> Segment:
    """Make a segment of the components with these numbers."""
    box = merge_boxes(components.boxes[numbers])
    return Segment(np.isin(components.labels[slice_with_margin(box)], numbers).astype(np.uint8), box)


def merge_segments(segments: Sequence[Segment]) -> Segment:
    """Merge segments into one."""
    box = merge_boxes(np.array([segment.box for segment in segments]))
    origin = np.array([part.start for part in slice_with_margin(box)])
    corners = [np.array([part.start for part in slice_with_margin(segment.box)]) - origin for segment in segments]
    ends = [corner + segment.mask.shape for corner, segment in zip(corners, segments, strict=True)]
    mask = np.zeros(np.max(ends, axis=0), np.uint8)
    for segment, (top, left), (bottom, right) in zip(segments, corners, ends, strict=True):
        mask[top:bottom, left:right] |= segment.mask
    return Segment(mask, box)


def measure_gaps(boxes: Boxes, box: Box) -> npt.NDArray[np.int64]:
    """Measure the gap between a box and each of others, along the axis where it is wider.

    Args:
        boxes: int (n, 4).
        box: the other box.

    Returns:
        Pixels, int (n,); 0 where boxes overlap.
    """
    left, top, right, bottom = boxes.T
    gaps = np.stack([left - box[2], box[0] - right, top - box[3], box[1] - bottom, 0 * left])
    return np.asarray(gaps.max(axis=0), np.int64)


def slice_with_margin(box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of a box with a margin of one pixel."""
    left, top, right, bottom = box
    return slice(max(top - 1, 0), bottom + 1), slice(max(left - 1, 0), right + 1)


def merge_boxes(boxes: npt.NDArray[np.number]) -> Box:
    """Return the smallest box that encloses all boxes, (n, 4); edges between pixels are cut off towards zero."""
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    return int(left), int(top), int(right), int(bottom)

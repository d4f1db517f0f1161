"""The connected parts of ink, without printed boxes."""

from dataclasses import dataclass

import cv2
import numpy as np

from src.app.vision.ink import Ink

CONTENT = 0.1  # of a frame's ink: what it frames has more
RECTANGULAR = 0.87  # of the smallest rectangle around it: what a frame encloses; an ellipse has 0.79

Box = tuple[int, int, int, int]
"""Left, top, right, bottom: pixels, right and bottom not included."""


@dataclass(frozen=True)
class Strokes:
    """The connected parts of ink; the first is the paper."""

    labels: np.ndarray  # int32 (h, w): which of them
    boxes: np.ndarray  # int32 (n, 4)
    mass: np.ndarray  # float64 (n,): of ink; 0 for paper, and for what is not firm anywhere
    num_borders: np.ndarray  # int64 (n,): sides of the picture that it touches


def find_strokes(ink: Ink) -> Strokes:
    """Find the connected parts of ink."""
    height, width = ink.strokes.shape
    num_strokes, labels, stats, _ = cv2.connectedComponentsWithStats(ink.strokes, connectivity=8)
    inked, firm = ink.strokes > 0, ink.strokes > 1
    mass = np.bincount(labels[inked], ink.strength[inked], num_strokes)
    mass[np.bincount(labels[firm], minlength=num_strokes) == 0] = 0
    left, top, wide, high = stats[:, :4].T
    right, bottom = left + wide, top + high
    num_borders = (left <= 0).astype(int) + (top <= 0) + (right >= width) + (bottom >= height)
    boxes = np.stack([left, top, right, bottom], axis=1)
    for largest in np.argsort(-wide * high)[1:4]:  # after the paper
        if mass[largest] and _is_frame(labels, boxes, mass, int(largest)):
            mass[largest] = 0
    return Strokes(labels, boxes, mass, num_borders)


def _is_frame(labels: np.ndarray, boxes: np.ndarray, mass: np.ndarray, stroke: int) -> bool:
    """Whether a stroke is a printed box, or several side by side, around something else."""
    left, top, right, bottom = boxes[stroke]
    inside = (boxes[:, 0] > left) & (boxes[:, 1] > top) & (boxes[:, 2] < right) & (boxes[:, 3] < bottom)
    if not (inside & (mass > CONTENT * mass[stroke])).any():
        return False
    (outline, *_), _ = cv2.findContours(
        (labels[top:bottom, left:right] == stroke).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    _, size, _ = cv2.minAreaRect(outline)
    return cv2.contourArea(outline) > RECTANGULAR * size[0] * size[1]


def measure_gaps(boxes: np.ndarray, box: Box) -> np.ndarray:
    """Pixels between each of the boxes, (n, 4), and one more, in the direction in which they are farther apart."""
    left, top, right, bottom = boxes.T
    return np.maximum.reduce([left - box[2], box[0] - right, top - box[3], box[1] - bottom, 0 * left])


def widen(box: Box) -> tuple[slice, slice]:
    """Rows and columns of a box and of a pixel around it."""
    left, top, right, bottom = box
    return slice(max(top - 1, 0), bottom + 1), slice(max(left - 1, 0), right + 1)


def surround(boxes: np.ndarray) -> Box:
    """The smallest box around boxes, (n, 4)."""
    left, top = boxes[:, :2].min(axis=0)
    right, bottom = boxes[:, 2:].max(axis=0)
    return int(left), int(top), int(right), int(bottom)

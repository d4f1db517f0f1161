"""Find the ink of a picture: pen on paper or chalk on a board, in any colour, under shadows, on ruled paper."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from src.app.vision.background import find_edges, find_paper, measure_length
from src.app.vision.ruled_lines import erase_rules

DIGIT_SIDES = (280, 640)  # pixels: between these the longer side of a picture is brought first
NUMBER_SIDES = (640, 1280)  # the same for several digits
COARSE_SIDE = 112  # pixels: paper is found on a small copy
MIN_CONTRAST = 14.0  # grey levels between ink and paper; less is no ink
MIN_SIGNAL = 4.5  # contrast over noise
THIN, BROAD = 0.045, 0.2  # of the longer side: wider than rules; wider than strokes
MOSTLY = 0.4  # of the greatest contrast
STROKE = 0.35  # of full ink: what belongs to a stroke
FIRM = 0.6  # of full ink: what has no pixel of it is no stroke but a shadow or a smear


@dataclass(frozen=True)
class Ink:
    """Where a picture has ink."""

    strength: np.ndarray  # float32 (h, w): from 0, paper, to 1, full ink
    strokes: np.ndarray  # uint8 (h, w): 0 on paper, 1 on strokes, 2 where they are firm; without rules
    scale: float  # pixels of the picture for each of these


def find_ink(picture: np.ndarray, sides: tuple[int, int] = DIGIT_SIDES) -> Ink | None:
    """Separate ink from paper, whichever is darker; None where nothing stands out.

    Args:
        picture: uint8 RGB (h, w, 3).
        sides: the longer side, in pixels, is brought between these.
    """
    small, scale = _bring_to(picture, *sides)
    subtracted = _subtract_paper(small)
    if subtracted is None:
        return None
    contrast, find_colors = subtracted
    soft = cv2.GaussianBlur(contrast, (0, 0), max(0.6, max(contrast.shape) / 400))
    levels = _find_levels(soft)
    if levels is None:
        return None
    full, noise = levels
    weak = max(0.3 * full, 2.5 * noise)
    soft = np.maximum(soft, 0)
    clean = erase_rules(soft, find_colors, full, weak, noise)
    strength = np.clip((contrast if clean is soft else np.where(clean < soft, clean, contrast)) / full, 0, 1)
    firm = clean >= FIRM * full
    strokes = (clean > max(STROKE * full, weak)).astype(np.uint8) + firm
    return Ink(strength, strokes, scale) if firm.any() else None


def _bring_to(picture: np.ndarray, smallest: int, largest: int) -> tuple[np.ndarray, float]:
    """Resize if the longer side is out of these bounds; also the factor by which the result is smaller."""
    height, width = picture.shape[:2]
    side = max(height, width)
    scale = side / min(max(side, smallest), largest)
    if scale == 1:
        return picture, 1.0
    size = max(1, round(width / scale)), max(1, round(height / scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC), scale


def _subtract_paper(picture: np.ndarray) -> tuple[np.ndarray, Callable[[], np.ndarray]] | None:
    """How far each pixel is from paper towards the ink's colour: grey levels as in full light, float32 (h, w).

    Also a function that gives the same in each colour, float32 (h, w, 3): it takes time, and only rules need it.
    """
    coarse, _ = _bring_to(picture, 1, COARSE_SIDE)
    edges = find_edges(coarse)
    paper = find_paper(coarse, edges)
    light = cv2.transform(paper, np.full((1, 3), 1 / 3, np.float32))
    reference = float(np.quantile(light[::2, ::2], 0.9))
    gain = reference / np.maximum(light, 0.25 * reference + 1) if reference > 60 else np.ones_like(light)
    difference = (coarse - paper) * gain[..., None]
    distance = _keep_strokes(measure_length(difference), edges > 1)
    direction = difference[distance >= 0.6 * _find_top(distance)].mean(axis=0)
    length = np.linalg.norm(direction)
    if length < 1e-3:
        return None
    direction = (direction / length).astype(np.float32)
    towards = cv2.transform(picture.astype(np.float32), direction[None])
    size = picture.shape[1], picture.shape[0]
    paper_towards, gain = (cv2.resize(array, size) for array in (paper @ direction, gain.astype(np.float32)))

    def find_colors() -> np.ndarray:
        return (picture - cv2.resize(paper, size)) * gain[..., None]

    return (towards.reshape(paper_towards.shape) - paper_towards) * gain, find_colors


def _keep_strokes(distance: np.ndarray, is_sharp: np.ndarray) -> np.ndarray:
    """Of what differs from paper, what is thin and sharp, unless hardly anything is: light and shadow are neither."""
    side = max(distance.shape)
    whole = cv2.morphologyEx(distance, cv2.MORPH_CLOSE, _square(THIN * side))  # rules divide it
    broad = cv2.morphologyEx(whole, cv2.MORPH_OPEN, _square(BROAD * side))
    thin = np.maximum(distance - broad, 0) * is_sharp
    return thin if _find_top(thin) > MOSTLY * _find_top(distance) else distance


def _square(side: float) -> np.ndarray:
    return np.ones((round(side), round(side)), np.uint8)


def _find_top(values: np.ndarray) -> float:
    """The mean of the highest hundredth."""
    num_top = max(3, min(values.size // 100, 400))
    return float(np.sort(values, axis=None)[-num_top:].mean())  # partition takes long where most values are alike


def _find_levels(soft: np.ndarray) -> tuple[float, float] | None:
    """The contrast of full ink, and the noise (standard deviation); None where they are too much alike."""
    sample = soft[:: max(1, soft.shape[0] // 100), :: max(1, soft.shape[1] // 100)]
    noise = 1.4826 * float(np.median(np.abs(sample - np.median(sample))))
    marked = soft[soft > max(3 * noise, 0.3 * soft.max())]
    if len(marked) < 4:
        return None
    grey = np.clip(marked / marked.max() * 255, 0, 255).astype(np.uint8).reshape(-1, 1)
    threshold, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    full = float(np.median(marked[grey.ravel() >= threshold]))
    return None if full < max(MIN_CONTRAST, MIN_SIGNAL * noise) else (full, noise)

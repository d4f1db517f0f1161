"""Find the signs of a number: decimal points and commas, and minus signs."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Box
from src.app.vision.components import Components, merge_boxes

# Fractions of the digits' height:
_MIN_DIGIT_HEIGHT = 0.65  # lower components are no digits
_MIN_SIZE = 0.08
_MAX_SIGN_SIZES = 1.2, 0.5  # width, height
_MAX_POINT_WIDTH = 0.35
_MIN_GAP_BELOW = 0.3  # to what is below the sign
_MAX_DISTANCE = 1.0  # to the digit beside the sign
_POINT_BOTTOM = -0.2, 0.45  # below the digits beside it
_MIN_COMMA_BOTTOM = 0.12  # below the digits beside it
_MIN_MINUS_WIDTH = 0.25
_MINUS_MIDDLE = 0.25, 0.75  # below the top of the digit to the right
_MIN_MINUS_ASPECT_RATIO = 2.0  # width over height
_MIN_FILL = 0.45  # of the box: signs are compact
_MAX_SPECKS = 3  # components like signs, per sign: in a picture with more, all of them are specks
_MAX_SHARED_WIDTH = 0.5  # of the sign: what is above or below a digit is a part of it


@dataclass(frozen=True)
class Sign:
    """A sign of a number."""

    text: str  # ".", "," or "-"
    box: Box


def find_signs(components: Components, digit_height: float) -> dict[int, Sign]:
    """Find signs among the components that are smaller than digits and stand beside them.

    Args:
        components: of a number, or of several in lines.
        digit_height: pixels.

    Returns:
        The sign for the number of each component that is one.
    """
    boxes, mass = components.boxes / digit_height, components.mass / digit_height**2
    widths, heights = (boxes[:, 2:] - boxes[:, :2]).T
    is_inner = (mass > 0) & (components.num_borders == 0)
    is_compact = (np.minimum(widths, heights) > _MIN_SIZE) & (mass > _MIN_FILL * widths * heights)
    is_small = is_inner & is_compact & (widths < _MAX_SIGN_SIZES[0]) & (heights < _MAX_SIGN_SIZES[1])
    num_digits = np.count_nonzero(is_inner & (heights > _MIN_DIGIT_HEIGHT))
    if np.count_nonzero(is_small) > _MAX_SPECKS * 2 * num_digits:  # A digit has two signs at most, before and after it.
        return {}
    texts = {int(i): _recognise_sign(boxes[i], boxes[is_inner & (mass > mass[i])]) for i in np.flatnonzero(is_small)}
    signs = {i: Sign(text, merge_boxes(components.boxes[i : i + 1])) for i, text in texts.items() if text}
    return signs if len(texts) <= _MAX_SPECKS * len(signs) else {}


def _recognise_sign(box: npt.NDArray[np.float64], larger: npt.NDArray[np.float64]) -> str:
    """Recognise a sign by its place beside digits.

    Args:
        box: of the sign, in digits' heights.
        larger: boxes of the components with more ink, in digits' heights.

    Returns:
        The sign; an empty text for other ink.
    """
    left, top, right, bottom = box
    middle = (top + bottom) / 2
    beside = larger[(larger[:, 1] < bottom + _MIN_GAP_BELOW) & (larger[:, 3] + _POINT_BOTTOM[1] > bottom)]
    shared = np.minimum(beside[:, 2], right) - np.maximum(beside[:, 0], left)
    is_flat = right - left > max(_MIN_MINUS_WIDTH, _MIN_MINUS_ASPECT_RATIO * (bottom - top))
    if (shared > (0 if is_flat else _MAX_SHARED_WIDTH) * (right - left)).any():
        return ""
    is_near = (-shared < _MAX_DISTANCE) & (beside[:, 3] - beside[:, 1] > _MIN_DIGIT_HEIGHT)
    is_after = beside[:, 0] + beside[:, 2] > left + right
    before, after = beside[is_near & ~is_after], beside[is_near & is_after]
    if not len(after):
        return ""
    following = after[after[:, 0].argmin()]
    if is_flat:
        place = (middle - following[1]) / (following[3] - following[1])
        return "-" if not len(before) and _MINUS_MIDDLE[0] < place < _MINUS_MIDDLE[1] else ""
    if not len(before) or right - left > _MAX_POINT_WIDTH:
        return ""
    below = bottom - max(before[before[:, 2].argmax()][3], following[3])
    if below < _POINT_BOTTOM[0]:
        return ""
    return "," if below > _MIN_COMMA_BOTTOM else "."

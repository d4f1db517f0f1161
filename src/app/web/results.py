"""Results as the page shows them: how predictions become messages in Markdown, tables and images."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Picture
from src.app.vision.recogniser import DigitPrediction, NumberPrediction
from src.app.web.occlusion import draw_heat_map
from src.common.competition import IMAGE_SHAPE

ENLARGEMENT = 8
"""Pixels on the page per pixel of the network's input."""

NO_DIGIT = "No digit was recognised. Try a larger or clearer one."
EXPLANATION = "Important parts: the brighter a part is, the more the confidence falls when this part is hidden."
UNREAD = "A box with ? is ink of a digit's size that was not read; there may be a digit."

_LOW_CONFIDENCE = 0.8  # answers with less get a warning
_WARNING = "The confidence is low: this may be another digit, none, or more than one. "
_MAX_SIDE = 480  # pixels of a picture that is shown with the digits found in it
_BOX_COLOR = (200, 0, 160)
_BOX_WIDTH = 2  # pixels; the page shows the picture at about half its size, where a line of one pixel can vanish

ShownImage = npt.NDArray[np.uint8]
"""RGB (h, w, 3), or grey (h, w): what the page shows."""


class Explainable(NamedTuple):
    """The prediction that the page shows, kept for its explanation and for feedback."""

    image: npt.NDArray[np.uint8]  # (28, 28, 1): the input of the network
    digit: int | None
    notes: str = ""  # in Markdown: a warning, how the ink was found, and what the other hypotheses predict


class Results(NamedTuple):
    """What the page shows, in the order of its output components."""

    probabilities: dict[str, float] = {}  # noqa: RUF012  never changed
    message: str = ""
    network_input: ShownImage | None = None
    explanation: ShownImage | None = None  # a heat map of one digit, or the locations of several
    explainable: Explainable | None = None  # None for several digits


def show_digit(prediction: DigitPrediction) -> Results:
    """Make the results that are shown at once, before the heat map is computed."""
    if prediction.image is None:
        return Results(message=NO_DIGIT)
    image, digit = prediction.image, prediction.digit
    dark = draw_heat_map(image, np.zeros(IMAGE_SHAPE[:2], np.float32), ENLARGEMENT)
    probabilities = {} if digit is None else {str(i): value for i, value in enumerate(prediction.probabilities)}
    notes = _describe_hypotheses(prediction)
    if digit is not None and prediction.confidence < _LOW_CONFIDENCE:
        notes = f"\n\n{_WARNING}{notes}"
    message = (NO_DIGIT if digit is None else EXPLANATION) + notes
    return Results(probabilities, message, enlarge(image, ENLARGEMENT), dark, Explainable(image, digit, notes))


def show_number(number: NumberPrediction, picture: Picture) -> Results:
    """Make the results for several digits: boxes in the picture, and a table."""
    if not number.lines:
        if not number.unread:
            return Results(message=NO_DIGIT)
        return Results(message=f"{NO_DIGIT} {UNREAD}", explanation=_draw_boxes(number, picture))
    rows = [
        [prediction.digit, f"{prediction.confidence:.1%}", describe(prediction.probabilities, rank=2)]
        for prediction in number.digits
    ]
    table = make_table("digit", "probability", "second best", rows=rows)
    return Results(
        {number.text: number.confidence},
        f"{UNREAD}\n\n{table}" if number.unread else table,
        enlarge(_join_images(number), ENLARGEMENT // 2),
        _draw_boxes(number, picture),
    )


def describe(probabilities: list[float], rank: int = 1) -> str:
    """Name the digit with the largest probability (rank 1), or the second largest and so on, and its probability."""
    digit = int(np.argsort(probabilities)[-rank])
    return f"{digit} ({probabilities[digit]:.1%})"


def make_table(*columns: str, rows: Sequence[Sequence[object]]) -> str:
    """Make a Markdown table."""
    lines: list[Sequence[object]] = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def enlarge(image: npt.NDArray[np.uint8], factor: int = 3) -> ShownImage:
    """Repeat each pixel of an image, (h, w) or (h, w, 1), `factor` times in both directions."""
    return image.squeeze().repeat(factor, axis=0).repeat(factor, axis=1)


def _describe_hypotheses(prediction: DigitPrediction) -> str:
    """Describe in Markdown how the ink was found and, in a closed section, what the other hypotheses predict."""
    if prediction.hypothesis is None:
        return ""
    rows = [
        [one.hypothesis, "no digit" if one.digit is None else describe(one.probabilities)]
        for one in prediction.alternatives
    ]
    table = make_table("hypothesis", "prediction", rows=rows)
    others = f"\n\n<details><summary>Other hypotheses</summary>\n\n{table}\n\n</details>" if rows else ""
    return f"\n\nHow the ink was found: {prediction.hypothesis}.{others}"


def _join_images(number: NumberPrediction) -> npt.NDArray[np.uint8]:
    """Put the network's inputs side by side, one row per line of digits: uint8 (28 * lines, 28 * longest line)."""
    side, lines = IMAGE_SHAPE[0], [replace(number, lines=[line]).digits for line in number.lines]
    joined = np.zeros((side * len(lines), side * max(map(len, lines))), np.uint8)
    for row, line in enumerate(lines):
        images = [digit.image[..., 0] for digit in line if digit.image is not None]
        joined[side * row : side * (row + 1), : side * len(images)] = np.hstack(images)
    return joined


def _draw_boxes(number: NumberPrediction, picture: Picture) -> Picture:
    """Draw a frame around each digit, sign and ? in a copy of the picture, scaled down to at most _MAX_SIDE pixels."""
    factor = min(1.0, _MAX_SIDE / max(picture.shape))
    height, width = picture.shape[:2]
    size = max(1, round(factor * width)), max(1, round(factor * height))
    marked = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    found = [symbol.box for line in number.lines for symbol in line if symbol.box is not None]
    for box in (*found, *number.unread):
        left, top, right, bottom = (round(factor * edge) for edge in box)
        cv2.rectangle(marked, (left - 2, top - 2), (right + 1, bottom + 1), _BOX_COLOR, _BOX_WIDTH)
        if box in number.unread:
            cv2.putText(marked, "?", (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, 1, _BOX_COLOR, _BOX_WIDTH, cv2.LINE_AA)
    return marked

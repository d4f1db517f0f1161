"""Event handlers of the page: recognise a picture, explain a prediction, save feedback. `page` lays out the results."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Picture
from src.app.vision.decoding import decode_base64, decode_picture
from src.app.vision.recogniser import DigitPrediction, NumberPrediction, Recogniser, get_recogniser
from src.app.web.feedback import export_feedback, load_feedback, save_feedback
from src.app.web.occlusion import compute_occlusion_map, draw_heat_map
from src.app.web.samples import MAX_SHOWN, load_errors, load_test_samples
from src.common.competition import IMAGE_SHAPE
from src.common.errors import InputError
from src.common.workspace import Workspace

ENLARGEMENT = 8
"""Pixels on the page per pixel of the network's input."""

NO_DIGIT = "No digit was recognised. Try a larger or clearer one."
INPUT = "Left: the input of the network."
LOW_CONFIDENCE = "The confidence is low: this may be another digit, none, or more than one. "
EXPLANATION = f"{INPUT} Right: the brighter a part is, the more the confidence falls when this part is hidden."
LOCATIONS = f"{INPUT} Right: where the digits were found."
UNREAD = "A box with ? is ink of a digit's size that was not read. The number may have more digits."

_LOW_CONFIDENCE = 0.8
_MAX_SIDE = 480  # pixels of a picture that is shown with the digits found in it
_BOX_COLOR = (200, 0, 160)
_BOX_WIDTH = 2  # pixels; the page shows the picture at about half its size, where a line of one pixel can vanish

ShownImage = npt.NDArray[np.uint8]
"""RGB (h, w, 3), or grey (h, w): what the page shows."""


class Explainable(NamedTuple):
    """The prediction that the page shows, kept for its explanation and for feedback."""

    image: npt.NDArray[np.uint8]  # (28, 28, 1): the input of the network
    digit: int | None
    notes: str = ""  # in Markdown: how the ink was found, and what the other hypotheses would have said


class Results(NamedTuple):
    """What the page shows, in the order of its output components."""

    probabilities: dict[str, float] = {}  # noqa: RUF012  never changed
    message: str = ""
    network_input: ShownImage | None = None
    explanation: ShownImage | None = None  # a heat map of one digit, or the locations of several
    explainable: Explainable | None = None  # None for several digits


class PageHandlers:
    """The event handlers, with the data that they share.

    Args:
        workspace: its images and errors are shown, and corrections are saved there.
        is_public: show nothing of the workspace and save nothing there.

    Raises:
        InputError: a file of the workspace is damaged.
    """

    def __init__(self, workspace: Workspace, is_public: bool = False):
        self.recogniser, self.workspace, self.is_public = get_recogniser(), workspace, is_public
        self.test_images, self.errors = load_test_samples(workspace), load_errors(workspace)
        self.exported = {} if is_public else _load_exported(workspace)

    def recognise_drawing(self, drawing: str | None, several: bool = False, digits_only: bool = False) -> Results:
        """Recognise a drawing.

        Args:
            drawing: a picture file in base64; None or empty if nothing is drawn.
            several: recognise several digits instead of one.
            digits_only: recognise no signs between several digits.

        Raises:
            InputError: the text is no base64, or the picture cannot be decoded.
        """
        return self._recognise(decode_picture(decode_base64(drawing)) if drawing else None, several, digits_only)

    def recognise_upload(self, data: bytes | None, several: bool = False, digits_only: bool = False) -> Results:
        """Recognise an uploaded picture file.

        Args:
            data: the file; None if it was removed.
            several: recognise several digits instead of one.
            digits_only: recognise no signs between several digits.

        Raises:
            InputError: the picture cannot be decoded.
        """
        return self._recognise(None if data is None else decode_picture(data), several, digits_only)

    def recognise_photo(self, path: str | None, several: bool = False, digits_only: bool = False) -> Results:
        """Recognise a picture of the camera or the clipboard, which Gradio has saved; see `recognise_upload`."""
        return self.recognise_upload(None if path is None else Path(path).read_bytes(), several, digits_only)

    def recognise_sample(self, row: float | None) -> Results:
        """Recognise the image in a row of test.csv.

        Raises:
            InputError: there is no such row.
        """
        if row is None:
            return Results()
        if not 0 <= row < len(self.test_images):
            raise InputError(f"test.csv has no row {row:g}; choose one from 0 to {len(self.test_images) - 1:,}")
        return self._show(self.recogniser.recognise_image(self.test_images[int(row)]))

    def recognise_error(self, index: int) -> Results:
        """Recognise one of the out-of-fold errors."""
        return self._show(self.recogniser.recognise_image(self.errors.images[index]))

    def pick_random_row(self) -> int:
        """Pick a row of test.csv."""
        return int(np.random.default_rng().integers(len(self.test_images)))

    def explain(self, explainable: Explainable) -> tuple[str, ShownImage]:
        """Explain the prediction of one digit.

        Returns:
            A message in Markdown, with the predictions of exported networks if there are any, and the heat map.
        """
        image, digit, notes = explainable
        importance = compute_occlusion_map(image, self.recogniser.predict_proba_without_tta)
        heat_map = draw_heat_map(image, importance, ENLARGEMENT)
        return (NO_DIGIT if digit is None else EXPLANATION + self._compare_exported(image)) + notes, heat_map

    def save_correction(self, explainable: Explainable | None, label: str | None) -> tuple[str, str | None]:
        """Save the correct digit of a wrong prediction.

        Returns:
            A message, and the label if it could not be saved.
        """
        if explainable is None or label is None:
            return "Let the page recognise a single digit first, then choose the correct digit.", label
        try:
            save_feedback(self.workspace.feedback_csv, explainable.image, explainable.digit, int(label))
        except InputError as error:
            return str(error), label
        return f"Saved as a {label} in {self.workspace.feedback_csv}. Thank you.", None

    def list_corrections(self) -> list[tuple[ShownImage, str]]:
        """List the latest corrections: images with captions."""
        images, labels, predicted = load_feedback(self.workspace.feedback_csv)
        captions = [
            f"label {label}, predicted {'no digit' if digit is None else digit}"
            for label, digit in zip(labels, predicted, strict=True)
        ]
        latest = range(len(labels))[: -MAX_SHOWN - 1 : -1]
        return [(enlarge(images[i]), captions[i]) for i in latest]

    def export_corrections(self, directory: Path) -> Path:
        """Write all corrections to a file in the format of train.csv; there must be one at least."""
        path = directory / "corrected_train_rows.csv"
        export_feedback(self.workspace.feedback_csv, path)
        return path

    def _recognise(self, picture: Picture | None, several: bool, digits_only: bool) -> Results:
        if picture is None or np.ptp(picture) == 0:  # Nothing is drawn, or the drawing was cleared.
            return Results()
        if several:
            return _show_number(self.recogniser.recognise_number(picture, digits_only), picture)
        return self._show(self.recogniser.recognise_digits([picture])[0])

    def _show(self, prediction: DigitPrediction) -> Results:
        """Make the results that are shown at once, before `explain` has computed the heat map."""
        if prediction.image is None:
            return Results(message=NO_DIGIT)
        image, digit = prediction.image, prediction.digit
        dark = draw_heat_map(image, np.zeros(IMAGE_SHAPE[:2], np.float32), ENLARGEMENT)
        probabilities = {} if digit is None else {str(i): value for i, value in enumerate(prediction.probabilities)}
        notes = _describe_hypotheses(prediction)
        if digit is not None and prediction.confidence < _LOW_CONFIDENCE:
            notes = f"\n\n{LOW_CONFIDENCE}{notes}"
        message = (NO_DIGIT if digit is None else INPUT) + notes
        return Results(probabilities, message, enlarge(image, ENLARGEMENT), dark, Explainable(image, digit, notes))

    def _compare_exported(self, image: npt.NDArray[np.uint8]) -> str:
        """Make a Markdown table of the predictions of all exported networks; empty without any."""
        predictions = {name: network.recognise_image(image) for name, network in self.exported.items()}
        rows = [[name, _describe(prediction.probabilities)] for name, prediction in predictions.items()]
        return "\n\n" + _make_table("network", "prediction", rows=rows) if rows else ""


def enlarge(image: npt.NDArray[np.uint8], factor: int = 3) -> ShownImage:
    """Repeat each pixel of an image, (h, w) or (h, w, 1), `factor` times in both directions."""
    return image.squeeze().repeat(factor, axis=0).repeat(factor, axis=1)


def _show_number(number: NumberPrediction, picture: Picture) -> Results:
    if not number.lines:
        return Results(message=NO_DIGIT)
    rows = [
        [prediction.digit, f"{prediction.confidence:.1%}", _describe(prediction.probabilities, rank=2)]
        for prediction in number.digits
    ]
    table = _make_table("digit", "probability", "second best", rows=rows)
    return Results(
        {number.text: number.confidence},
        f"{LOCATIONS}{f' {UNREAD}' if number.unread else ''}\n\n{table}",
        enlarge(_join_images(number), ENLARGEMENT // 2),
        _draw_boxes(number, picture),
    )


def _describe_hypotheses(prediction: DigitPrediction) -> str:
    """Say in Markdown how the ink was found, and in a part that opens on request what the other hypotheses say."""
    if prediction.hypothesis is None:
        return ""
    rows = [
        [one.hypothesis, "no digit" if one.digit is None else _describe(one.probabilities)]
        for one in prediction.alternatives
    ]
    table = _make_table("hypothesis", "prediction", rows=rows)
    others = f"\n\n<details><summary>Other hypotheses</summary>\n\n{table}\n\n</details>" if rows else ""
    return f"\n\nHow the ink was found: {prediction.hypothesis}.{others}"


def _describe(probabilities: list[float], rank: int = 1) -> str:
    """Name the digit with the largest probability (rank 1), or the second largest and so on, and its probability."""
    digit = int(np.argsort(probabilities)[-rank])
    return f"{digit} ({probabilities[digit]:.1%})"


def _make_table(*columns: str, rows: Sequence[Sequence[object]]) -> str:
    lines: list[Sequence[object]] = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


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


def _load_exported(workspace: Workspace) -> dict[str, Recogniser]:
    """Load the networks that `scripts.export` has written, by experiment and fold."""
    networks = {}
    for path in sorted(workspace.oof_dir.glob("*/fold_*.onnx")):
        try:
            networks[f"{path.parent.name}, {path.stem.replace('_', ' ')}"] = Recogniser(path)
        except Exception as error:  # ONNX Runtime has a class of its own for every kind of damage.
            raise InputError(
                f"{path} cannot be loaded ({error}); delete it, or export the network again: "
                f"python -m scripts.export {path.parent.name} --fold {path.stem.removeprefix('fold_')}"
            ) from None
    return networks

"""Event handlers of the page: recognise a picture, explain a prediction, save feedback."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import Picture
from src.app.vision.decoding import decode_base64, decode_picture
from src.app.vision.recogniser import Recogniser, get_recogniser
from src.app.web.feedback import export_feedback, load_feedback, save_feedback
from src.app.web.occlusion import compute_occlusion_map, draw_heat_map
from src.app.web.results import (
    ENLARGEMENT,
    EXPLANATION,
    NO_DIGIT,
    Explainable,
    Results,
    ShownImage,
    describe,
    enlarge,
    make_table,
    show_digit,
    show_number,
)
from src.app.web.samples import MAX_SHOWN, load_errors, load_test_samples
from src.common.errors import InputError
from src.common.workspace import Workspace


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
        picture = decode_picture(decode_base64(drawing)) if drawing else None
        if picture is None or np.ptp(picture) == 0:  # Nothing is drawn, or the drawing was cleared.
            return Results()
        return self._recognise(picture, several, digits_only)

    def recognise_upload(self, data: bytes | None, several: bool = False, digits_only: bool = False) -> Results:
        """Recognise an uploaded picture file.

        Args:
            data: the file; None if it was removed.
            several: recognise several digits instead of one.
            digits_only: recognise no signs between several digits.

        Raises:
            InputError: the picture cannot be decoded.
        """
        return Results() if data is None else self._recognise(decode_picture(data), several, digits_only)

    def recognise_photo(self, path: str | None, several: bool = False, digits_only: bool = False) -> Results:
        """Recognise a picture of the camera or the clipboard.

        Args:
            path: the file that Gradio has saved; None if it was removed.
            several: recognise several digits instead of one.
            digits_only: recognise no signs between several digits.

        Raises:
            InputError: the picture cannot be decoded.
        """
        return self.recognise_upload(None if path is None else Path(path).read_bytes(), several, digits_only)

    def recognise_sample(self, row: float | None) -> Results:
        """Recognise the image in a row of test.csv.

        Args:
            row: number from 0; None if the field is empty.

        Raises:
            InputError: there is no such row.
        """
        if row is None:
            return Results()
        if not 0 <= row < len(self.test_images):
            raise InputError(f"test.csv has no row {row:g}; choose one from 0 to {len(self.test_images) - 1:,}")
        return show_digit(self.recogniser.recognise_image(self.test_images[int(row)]))

    def recognise_error(self, index: int) -> Results:
        """Recognise one of the out-of-fold errors, by its index in `errors`."""
        return show_digit(self.recogniser.recognise_image(self.errors.images[index]))

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

        Args:
            explainable: the prediction; None without one, or for several digits.
            label: the correct digit; None if none is chosen.

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
        """List the latest corrections: images with captions. Raises InputError if their file is damaged."""
        images, labels, predicted = load_feedback(self.workspace.feedback_csv)
        captions = [
            f"label {label}, predicted {'no digit' if digit is None else digit}"
            for label, digit in zip(labels, predicted, strict=True)
        ]
        latest = range(len(labels))[: -MAX_SHOWN - 1 : -1]
        return [(enlarge(images[i]), captions[i]) for i in latest]

    def export_corrections(self, directory: Path) -> Path:
        """Write all corrections to a file in the format of train.csv.

        Raises:
            InputError: there are none, or their file is damaged.
        """
        path = directory / "corrected_train_rows.csv"
        export_feedback(self.workspace.feedback_csv, path)
        return path

    def _recognise(self, picture: Picture, several: bool, digits_only: bool) -> Results:
        if several:
            return show_number(self.recogniser.recognise_number(picture, digits_only), picture)
        return show_digit(self.recogniser.recognise_digits([picture])[0])

    def _compare_exported(self, image: npt.NDArray[np.uint8]) -> str:
        """Make a Markdown table of the predictions of all exported networks; empty without any."""
        predictions = {name: network.recognise_image(image) for name, network in self.exported.items()}
        rows = [[name, describe(prediction.probabilities)] for name, prediction in predictions.items()]
        return "\n\n" + make_table("network", "prediction", rows=rows) if rows else ""


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

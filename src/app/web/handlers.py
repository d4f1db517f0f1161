"""Behind the page of the digit reader: what is read, explained, shown and kept; `ui` lays it out."""

from pathlib import Path

import cv2
import numpy as np

from src.app.vision.decoding import decode_base64, decode_picture
from src.app.vision.recogniser import DigitPrediction, NumberPrediction, Recogniser, get_recogniser
from src.app.web.feedback import export_flags, load_flags, save_flag
from src.app.web.occlusion import explain, paint
from src.app.web.samples import MAX_SHOWN, load_errors, load_test_samples
from src.common.competition import IMAGE_SHAPE
from src.common.errors import InputError
from src.common.workspace import Workspace

SHOWN_FACTOR = 8  # times 28 pixels: how large it is shown what the network saw
State = tuple[np.ndarray, int | None]
"""What the network saw and said."""
Shown = tuple[dict[str, float], str, np.ndarray | None, np.ndarray | None, State | None]
"""Probabilities, a sentence, what the network saw, why it says so, and the state for flagging."""
NOTHING = "There is no digit that I can read."
SEEN = "Left, what the network saw."
EXPLANATION = "Left, what the network saw; right, the bright parts are those without which it would be less sure."
FOUND = "Left, what the network saw; right, where it was found."
MAX_SIDE = 480  # pixels, of a picture that is shown with what was found in it
BOX_COLOR = (200, 0, 160)


class Page:
    """Handlers, most of which end in `show`."""

    def __init__(self, workspace: Workspace, is_public: bool = False):
        """Load what the page shows; a public one shows nothing of the workspace and keeps nothing there."""
        self.recogniser, self.workspace, self.is_public = get_recogniser(), workspace, is_public
        self.test_images, self.errors = load_test_samples(workspace), load_errors(workspace)
        self.exported = {} if is_public else load_exported(workspace)

    def read_drawing(self, drawing: str | None, several: bool = False) -> Shown:
        """Read a drawing, a picture's file in base64: one digit, or several.

        Raises:
            InputError: it is no such thing.
        """
        return self._read(decode_picture(decode_base64(drawing)) if drawing else None, several)

    def read_upload(self, path: str | None, several: bool = False) -> Shown:
        """Read an uploaded picture or a photo, just as the API does: one digit, or several.

        Raises:
            InputError: it cannot be opened.
        """
        return self._read(None if path is None else decode_picture(Path(path).read_bytes()), several)

    def read_sample(self, row: float | None) -> Shown:
        """Read a row of test.csv."""
        return self.show(None if row is None else self.recogniser.recognise_image(self.test_images[int(row)]))

    def read_error(self, index: int) -> Shown:
        """Read one of the OOF errors."""
        return self.show(self.recogniser.recognise_image(self.errors.images[index]))

    def pick_random(self) -> int:
        """A row of test.csv."""
        return int(np.random.default_rng().integers(len(self.test_images)))

    def _read(self, picture: np.ndarray | None, several: bool) -> Shown:
        if picture is None or np.ptp(picture) == 0:  # cleared, or nothing drawn yet
            return self.show(None)
        if several:
            return show_number(self.recogniser.recognise_number(picture), picture)
        return self.show(self.recogniser.recognise_digits([picture])[0])

    def show(self, reading: DigitPrediction | None) -> Shown:
        """Turn a reading into what is displayed at once, before `explain`; None clears the page."""
        if reading is None:
            return {}, "", None, None, None
        if reading.image is None:
            return {}, NOTHING, None, None, None
        seen = enlarge(reading.image, SHOWN_FACTOR)
        why = paint(reading.image, np.zeros(IMAGE_SHAPE[:2], np.float32), SHOWN_FACTOR)
        state = reading.image, reading.digit
        if reading.digit is None:
            return {}, NOTHING, seen, why, state
        probabilities = {str(digit): share for digit, share in enumerate(reading.probabilities)}
        return probabilities, SEEN, seen, why, state

    def explain(self, state: State) -> tuple[str, np.ndarray]:
        """Tell why an image is read as it is: what exported networks say of it, and the parts that matter, painted."""
        image, digit = state
        votes = "" if digit is None else self._ask_exported(image)
        why = paint(image, explain(image, self.recogniser.predict_proba_without_tta), SHOWN_FACTOR)
        return (NOTHING if digit is None else EXPLANATION) + votes, why

    def _ask_exported(self, image: np.ndarray) -> str:
        """What exported networks say, as a table in Markdown; nothing without them."""
        if not self.exported:
            return ""
        readings = {name: network.recognise_image(image) for name, network in self.exported.items()}
        rows = [
            f"| {name} | {np.argmax(one.probabilities)} | {max(one.probabilities):.1%} |"
            for name, one in readings.items()
        ]
        return "\n".join(["\n\n| network | reads | probability |", "|---|---|---|", *rows])

    def flag(self, state: State | None, truth: str | None) -> tuple[str, str | None]:
        """Keep what was read wrongly, with the right digit; say what was done, and what is still to be kept."""
        if state is None or truth is None:
            return "Read a single digit first, and choose the right one.", truth
        try:
            save_flag(self.workspace.feedback_csv, *state, int(truth))
        except InputError as error:
            return str(error), truth
        return f"Kept in {self.workspace.feedback_csv}: it is a {truth}. Thank you.", None

    def list_flags(self) -> list[tuple[np.ndarray, str]]:
        """The latest of them with captions."""
        images, labels, predicted = load_flags(self.workspace.feedback_csv)
        captions = [f"{label}, read as {said}" for label, said in zip(labels, predicted, strict=True)]
        latest = range(len(labels))[: -MAX_SHOWN - 1 : -1]
        return [(enlarge(images[i]), captions[i]) for i in latest]

    def export(self, directory: Path) -> Path:
        """Write a file with the flagged rows, of which there are some, as train.csv has them."""
        path = directory / "flagged_train_rows.csv"
        export_flags(self.workspace.feedback_csv, path)
        return path


def show_number(number: NumberPrediction, picture: np.ndarray) -> Shown:
    """Turn the reading of several digits, in a picture, into what is displayed."""
    if not number.lines:
        return {}, NOTHING, None, None, None
    rows = [
        f"| {reading.digit} | {reading.confidence:.1%} | {_second(reading.probabilities)} |"
        for reading in number.digits
    ]
    table = "\n".join([FOUND, "", "| digit | probability | second guess |", "|---|---|---|", *rows])
    longest = max(map(len, number.lines))
    seen = np.zeros((len(number.lines), longest, *IMAGE_SHAPE[:2]), np.uint8)
    for line, images in zip(number.lines, seen, strict=True):
        images[: len(line)] = [reading.image[..., 0] for reading in line if reading.image is not None]
    strip = seen.transpose(0, 2, 1, 3).reshape(seen.shape[0] * IMAGE_SHAPE[0], -1)
    return {number.text: number.confidence}, table, enlarge(strip, SHOWN_FACTOR // 2), mark(number, picture), None


def _second(probabilities: list[float]) -> str:
    digit = int(np.argsort(probabilities)[-2])
    return f"{digit} ({probabilities[digit]:.1%})"


def mark(number: NumberPrediction, picture: np.ndarray) -> np.ndarray:
    """A smaller copy of a picture, with a frame around each digit."""
    factor = min(1.0, MAX_SIDE / max(picture.shape))
    height, width = picture.shape[:2]
    size = max(1, round(factor * width)), max(1, round(factor * height))
    marked = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    for reading in number.digits:
        if reading.box is not None:
            left, top, right, bottom = (round(factor * edge) for edge in reading.box)
            cv2.rectangle(marked, (left - 2, top - 2), (right + 1, bottom + 1), BOX_COLOR, 1)
    return marked


def load_exported(workspace: Workspace) -> dict[str, Recogniser]:
    """The networks that `scripts.export` has written, by experiment and fold.

    Raises:
        InputError: one of the files is damaged.
    """
    networks = {}
    for path in sorted(workspace.oof_dir.glob("*/fold_*.onnx")):
        try:
            networks[f"{path.parent.name}, {path.stem.replace('_', ' ')}"] = Recogniser(path)
        except Exception as error:  # ONNX Runtime has a class of its own for every way in which a file can be damaged
            raise InputError(
                f"{path} cannot be loaded ({error}); delete it, or export the network again: "
                f"python -m scripts.export {path.parent.name} --fold {path.stem.removeprefix('fold_')}"
            ) from None
    return networks


def enlarge(image: np.ndarray, factor: int = 3) -> np.ndarray:
    """Show each pixel of an image as a square."""
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_NEAREST)

"""The page of the digit reader: draw, upload or pick a digit, and see why it is read as it is."""

import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

import cv2
import gradio as gr
import numpy as np
from fastapi import FastAPI
from PIL import Image

from src.app.explanation import explain, paint
from src.app.flags import export_flags, load_flags, save_flag
from src.app.pictures import MAX_PIXELS
from src.app.recognizer import Reading, Recognizer
from src.app.samples import load_errors, load_test_samples
from src.competition import NUM_CLASSES
from src.errors import InputError
from src.workspace import Workspace

Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses twice as many
MAX_UPLOAD = "20mb"
CANVAS = 280  # pixels
SHOWN = 224  # pixels: the side of what the network saw
NUM_SAMPLES = 40
INTRODUCTION = "# Digit reader\nDraw, upload or pick a digit. It is read on this machine; nothing leaves it."
TAKE_THE_BRUSH = """() => {
    const timer = setInterval(() => {
        const brush = document.querySelector("#pad button[aria-label='Brush']");
        if (brush) { brush.click(); clearInterval(timer); }
    }, 200);
}"""
"""Otherwise the first stroke does nothing but ask for a tool."""
EXPLANATION = "Left, what the network saw; right, the bright parts are those without which it would be less sure."


class Page:
    """The page's handlers, all of which end in `show`: readings to what is displayed."""

    def __init__(self, recognizer: Recognizer, workspace: Workspace):
        self.recognizer, self.workspace = recognizer, workspace
        self.test_images = load_test_samples(workspace)

    def read_drawing(self, drawing: dict[str, Any] | None) -> tuple[Any, ...]:
        """Read the canvas, whose strokes are black on white."""
        picture = None if drawing is None else drawing["composite"]
        return self.show(None if picture is None else self._read(picture))

    def read_upload(self, picture: np.ndarray | None) -> tuple[Any, ...]:
        """Read an uploaded picture or a photo."""
        return self.show(None if picture is None else self._read(picture))

    def read_sample(self, row: float) -> tuple[Any, ...]:
        """Read a row of test.csv."""
        return self.show(self._read_image(self.test_images[int(row) % len(self.test_images)]))

    def pick_random(self) -> int:
        """A row of test.csv."""
        return int(np.random.default_rng().integers(len(self.test_images)))

    def _read(self, picture: np.ndarray) -> Reading:
        return self.recognizer.read([picture])[0]

    def _read_image(self, image: np.ndarray) -> Reading:
        proba = self.recognizer.predict_proba(image[None])[0]
        return Reading(int(proba.argmax()), float(proba.max()), proba.tolist(), image, None)

    def show(self, reading: Reading | None) -> tuple[Any, ...]:
        """What was read: label, image, explanation, and the state that flagging needs."""
        if reading is None or reading.image is None:
            return {}, None, None, None
        proba = {str(digit): share for digit, share in enumerate(reading.probabilities)}
        seen = cv2.resize(reading.image, (SHOWN, SHOWN), interpolation=cv2.INTER_NEAREST)
        why = paint(reading.image, explain(reading.image, self.recognizer.predict_proba), SHOWN // 28)
        return proba, seen, why, (reading.image, reading.digit)

    def flag(self, state: tuple[np.ndarray, int | None] | None, truth: str | None) -> str:
        """Keep what was read wrongly, with the right digit."""
        if state is None or truth is None:
            return "Read something first, and choose the right digit."
        try:
            save_flag(self.workspace.flags_csv, *state, int(truth))
        except InputError as error:
            return str(error)
        return f"Kept in {self.workspace.flags_csv.name}: it is a {truth}. Thank you."

    def list_flags(self) -> list[tuple[np.ndarray, str]]:
        """For the gallery, the latest first."""
        images, labels, predicted = load_flags(self.workspace.flags_csv)
        captions = [f"{label}, read as {said}" for label, said in zip(labels, predicted, strict=True)]
        return [(_enlarge(image), caption) for image, caption in zip(images[::-1], captions[::-1], strict=True)]

    def export(self) -> Any:
        """Offer a file with the flagged rows as train.csv has them."""
        if not self.workspace.flags_csv.exists():
            return gr.File(visible=False)
        path = Path(tempfile.mkdtemp()) / "flagged_train_rows.csv"
        export_flags(self.workspace.flags_csv, path)
        return gr.File(str(path), visible=True)


def _enlarge(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (84, 84), interpolation=cv2.INTER_NEAREST)


def build_page(recognizer: Recognizer, workspace: Workspace) -> gr.Blocks:
    """Build the page; `api.make_app` serves it."""
    page = Page(recognizer, workspace)
    with gr.Blocks(title="Digit reader", analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
        gr.Markdown(INTRODUCTION)
        with gr.Row():
            with gr.Column():
                inputs = _build_inputs(page)
            with gr.Column():
                outputs = _build_outputs(page)
        for event, handler, source, name in inputs:
            gr.on(
                event, handler, source, outputs, api_name=name, show_progress="hidden", trigger_mode="always_last",
                concurrency_limit=2,
            )  # fmt: skip
        blocks.load(None, js=TAKE_THE_BRUSH)
    blocks.queue(max_size=64, default_concurrency_limit=2)
    return blocks


def mount_page(app: FastAPI, blocks: gr.Blocks) -> FastAPI:
    """Mount the page at / of the server and return its own application; monitoring, sharing and history are off."""
    gr.mount_gradio_app(
        app, blocks, path="/", max_file_size=MAX_UPLOAD, show_error=True, footer_links=[], run_history=False,
        enable_monitoring=False, ssr_mode=False, pwa=False, mcp_server=False,
    )  # fmt: skip
    return app.routes[-1].app  # type: ignore[attr-defined]


def _build_inputs(page: Page) -> list[tuple[Any, Any, Any, str]]:
    """Tabs; for each way to give a digit its event, its handler, its input and its name in Gradio's API."""
    events: list[tuple[Any, Any, Any, str]] = []
    with gr.Tab("Draw"):
        pad = gr.Sketchpad(
            type="numpy", image_mode="RGB", canvas_size=(CANVAS, CANVAS), fixed_canvas=True, layers=False,
            transforms=(), brush=gr.Brush(default_size=10, colors=["#000000"], color_mode="fixed"),
            eraser=gr.Eraser(default_size=16), format="png", label="Draw a digit", elem_id="pad",
        )  # fmt: skip
        events.append((pad.change, page.read_drawing, pad, "draw"))
    with gr.Tab("Upload or camera"):
        picture = gr.Image(
            type="numpy", image_mode="RGB", sources=["upload", "webcam", "clipboard"], format="png", label="A picture"
        )
        events.append((picture.change, page.read_upload, picture, "upload"))
    with gr.Tab("Test images"):
        events += _build_samples(page)
    with gr.Tab("Errors"):
        events += _build_errors(page)
    return events


def _build_samples(page: Page) -> list[tuple[Any, Any, Any, str]]:
    count = len(page.test_images)
    if count == 0:
        gr.Markdown("There is no test.csv in this workspace; `python -m scripts.download_data` fetches it.")
        return []
    row = gr.Number(value=0, minimum=0, maximum=count - 1, precision=0, label=f"Row of test.csv, 0 to {count - 1:,}")
    gr.Button("Random").click(page.pick_random, None, row, api_visibility="private")
    shown = [(_enlarge(image), f"row {i}") for i, image in enumerate(page.test_images[:NUM_SAMPLES])]
    gallery = gr.Gallery(shown, columns=5, allow_preview=False, format="png", interactive=False, label="The first rows")

    def pick(event: gr.SelectData) -> int:
        return int(event.index)

    gallery.select(pick, None, row, api_visibility="private")
    return [(row.change, page.read_sample, row, "sample")]


def _build_errors(page: Page) -> list[tuple[Any, Any, Any, str]]:
    errors = load_errors(page.workspace)
    if not errors.captions:
        gr.Markdown("No errors are listed yet: train some experiments and run `python -m scripts.analyze_errors`.")
        return []
    shown = list(zip(map(_enlarge, errors.images), errors.captions, strict=True))
    gallery = gr.Gallery(shown, columns=3, allow_preview=False, format="png", interactive=False, label="OOF errors")
    index = gr.Number(visible=False)

    def pick(event: gr.SelectData) -> int:
        return int(event.index)

    gallery.select(pick, None, index, api_visibility="private")
    return [(index.change, lambda number: page.show(page._read_image(errors.images[int(number)])), index, "error")]


def _build_outputs(page: Page) -> list[Any]:
    label = gr.Label(num_top_classes=3, label="It is read as")
    with gr.Row():
        seen = gr.Image(format="png", interactive=False, buttons=[], height=SHOWN + 40, label="What the network saw")
        why = gr.Image(format="png", interactive=False, buttons=[], height=SHOWN + 40, label="Why")
    gr.Markdown(EXPLANATION)
    state = gr.State()
    with gr.Accordion("Wrong? Tell the right digit", open=False):
        truth = gr.Dropdown([str(digit) for digit in range(NUM_CLASSES)], value=None, label="It is a")
        keep, said = gr.Button("Keep it"), gr.Markdown()
        gallery = gr.Gallery(columns=5, allow_preview=False, format="png", interactive=False, label="Kept so far")
        export, rows = gr.Button("Export as rows of train.csv"), gr.File(label="Rows", visible=False)
        kept = keep.click(page.flag, [state, truth], said, api_visibility="private")
        kept.then(page.list_flags, None, gallery, api_visibility="private")
        export.click(page.export, None, rows, api_visibility="private")
    return [label, seen, why, state]

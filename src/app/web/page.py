"""The page of the digit reader: draw, upload or pick a digit, and see why it is read as it is."""

import os
import tempfile
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when gradio is imported

import gradio as gr
from fastapi import FastAPI

from src.app.web.canvas import build_pad
from src.app.web.handlers import SHOWN_FACTOR, Page, Shown, enlarge
from src.common.competition import IMAGE_SHAPE, NUM_CLASSES
from src.common.errors import InputError

MAX_UPLOAD = "20mb"
HEIGHT = SHOWN_FACTOR * IMAGE_SHAPE[0] + 40  # pixels, with the caption
NUM_SAMPLES = 40
SEVERAL = "Several digits"
WHY, WHERE = "Why", "Where it was found"
TITLE = "# Digit reader\n"
INTRODUCTION = TITLE + "Draw, upload or pick a digit; for a number, tick *Several digits*. "
PRIVACY = "It is read by the machine that serves this page, and goes nowhere else."
PUBLIC_PRIVACY = "It is read by this server, which deletes it within a quarter of an hour."
Event = tuple[Any, Callable[..., Any], Any, str]
"""A way to give a digit: what happens, the handler, its input, its name in Gradio's API."""


def build_page(page: Page) -> gr.Blocks:
    """Build the page; `api.make_app` serves it."""
    with gr.Blocks(title="Digit reader", analytics_enabled=False, delete_cache=(300, 600)) as blocks:
        gr.Markdown(INTRODUCTION + (PUBLIC_PRIVACY if page.is_public else PRIVACY))
        with gr.Row():
            with gr.Column():
                events = _build_inputs(page)
            with gr.Column():
                outputs = _build_outputs(page)
        for event, handler, source, name in events:
            gr.on(
                event, _answer(page, handler), source, outputs, api_name=name, show_progress="hidden",
                trigger_mode="always_last", concurrency_limit=2,
            )  # fmt: skip
    blocks.queue(max_size=64, default_concurrency_limit=2)
    return blocks


def mount_page(app: FastAPI, blocks: gr.Blocks) -> FastAPI:
    """Mount the page at / of the server and return its own application; monitoring, sharing and history are off."""
    gr.mount_gradio_app(
        app, blocks, path="/", max_file_size=MAX_UPLOAD, show_error=False, footer_links=[], run_history=False,
        enable_monitoring=False, ssr_mode=False, pwa=False, mcp_server=False,
    )  # fmt: skip
    blocks.has_launched = True  # only now does Gradio refuse paths of files that were not uploaded
    return app.routes[-1].app  # type: ignore[attr-defined]


def _build_inputs(page: Page) -> list[Event]:
    with gr.Tab("Draw"):
        pad = build_pad()
        several_drawn = gr.Checkbox(label=SEVERAL)
    with gr.Tab("Upload or camera"):
        sources: list[Any] = ["upload", "webcam", "clipboard"]
        picture = gr.Image(type="filepath", image_mode=None, sources=sources, format="png", label="A picture")
        several_shown = gr.Checkbox(label=SEVERAL)
    events: list[Event] = [
        ([pad.change, several_drawn.change], page.read_drawing, [pad, several_drawn], "draw"),
        ([picture.change, several_shown.change], page.read_upload, [picture, several_shown], "upload"),
    ]
    if page.is_public:
        return events
    with gr.Tab("Test images"):
        events += _build_samples(page)
    with gr.Tab("Errors"):
        events += _build_errors(page)
    return events


def _answer(page: Page, handler: Callable[..., Shown]) -> Callable[..., Iterator[Any]]:
    """Show the answer, which takes a few milliseconds, then its explanation, which takes a hundred.

    The sentence of an InputError is shown to whoever made the mistake.
    """

    @wraps(handler)  # Gradio looks at its parameters
    def handle(*values: Any) -> Iterator[Any]:
        try:
            label, sentence, seen, picture, state = handler(*values)
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None
        is_number = picture is not None and state is None
        yield label, sentence, seen, gr.Image(picture, label=WHERE if is_number else WHY), state
        if state is not None:
            sentence, picture = page.explain(state)
            yield label, sentence, seen, picture, state

    return handle


def _build_samples(page: Page) -> list[Event]:
    count = len(page.test_images)
    if count == 0:
        gr.Markdown(
            "There is no test.csv in this workspace; `python -m scripts.download_data` fetches it, "
            "`python -m scripts.download_data --sample` writes that of the embedded sample."
        )
        return []
    label = f"Row of test.csv, 0 to {count - 1:,} (ImageId - 1)"
    row = gr.Number(None, minimum=0, maximum=count - 1, precision=0, label=label)
    gr.Button("Random").click(page.pick_random, None, row, api_visibility="private")
    shown = [(enlarge(image), f"row {i}") for i, image in enumerate(page.test_images[:NUM_SAMPLES])]
    gallery = gr.Gallery(shown, columns=5, allow_preview=False, format="png", interactive=False, label="The first rows")

    def pick(event: gr.SelectData) -> Any:
        return page.read_sample(event.index)

    return [(row.change, page.read_sample, row, "sample"), (gallery.select, pick, None, "pick")]


def _build_errors(page: Page) -> list[Event]:
    if not page.errors.captions:
        gr.Markdown("No errors are listed yet: train some experiments and run `python -m scripts.analyze_errors`.")
        return []
    shown = list(zip(map(enlarge, page.errors.images), page.errors.captions, strict=True))
    gallery = gr.Gallery(shown, columns=3, allow_preview=False, format="png", interactive=False, label="OOF errors")

    def pick(event: gr.SelectData) -> Any:
        return page.read_error(event.index)

    return [(gallery.select, pick, None, "error")]


def _build_outputs(page: Page) -> list[Any]:
    label = gr.Label(num_top_classes=3, label="It is read as")
    sentence = gr.Markdown()
    with gr.Row():
        seen = gr.Image(format="png", interactive=False, buttons=[], height=HEIGHT, label="What the network saw")
        why = gr.Image(format="png", interactive=False, buttons=[], height=HEIGHT, label=WHY)
    state = gr.State()
    if not page.is_public:
        _build_flagging(page, state)
    return [label, sentence, seen, why, state]


def _build_flagging(page: Page, state: gr.State) -> None:
    with gr.Accordion("Wrong? Tell the right digit", open=False):
        truth = gr.Dropdown([str(digit) for digit in range(NUM_CLASSES)], value=None, label="It is a")
        keep, said = gr.Button("Keep it"), gr.Markdown()
        gallery = gr.Gallery(
            page.list_flags, columns=5, allow_preview=False, format="png", interactive=False, label="Kept so far"
        )
        export, rows = gr.Button("Export as rows of train.csv"), gr.File(label="Rows", visible=False)
        kept = keep.click(page.flag, [state, truth], [said, truth], api_visibility="private")
        kept.then(page.list_flags, None, gallery, api_visibility="private")

        def offer() -> Iterator[Any]:
            if not page.workspace.feedback_csv.exists():
                gr.Info("Nothing has been kept yet.")
                yield gr.File(visible=False)
                return
            with tempfile.TemporaryDirectory() as directory:  # Gradio makes its own copy
                yield gr.File(str(page.export(Path(directory))), visible=True)

        export.click(offer, None, rows, api_visibility="private")

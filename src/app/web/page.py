"""The page: draw, upload or pick a picture, see the prediction and its explanation, correct it."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from fastapi import FastAPI

from src.app.web.canvas import build_canvas
from src.app.web.handlers import ENLARGEMENT, PageHandlers, Results, enlarge
from src.app.web.middleware import MAX_BODY
from src.common.competition import IMAGE_SIDE, NUM_CLASSES
from src.common.errors import InputError

NUM_SAMPLES = 40
"""Test images in the gallery."""

_HEIGHT = ENLARGEMENT * IMAGE_SIDE + 40  # pixels of a picture with its caption
_SEVERAL, _DIGITS_ONLY = "Several digits", "No signs (decimal point, comma, minus)"
_HEAT_MAP, _LOCATIONS = "Important parts", "Digits found"
_INTRODUCTION = (
    "# Digit recogniser\nThis page recognises handwritten digits. Draw a digit, upload a picture of one, or use the "
    "camera. Tick *Several digits* if the picture shows a number. "
)
_CSS = "th { overflow-wrap: normal; word-break: normal }"  # Otherwise Gradio breaks the words in narrow columns.
_PRIVACY = "Your pictures stay on the computer that serves this page."
_PUBLIC_PRIVACY = "Your pictures stay on this server, which deletes them after at most 15 minutes."


class _Source(NamedTuple):
    """A way to give the page a picture."""

    triggers: Sequence[Any]  # Gradio's events
    handler: Callable[..., Results]
    inputs: Sequence[Any]  # Gradio's components
    name: str  # in Gradio's API


def build_page(handlers: PageHandlers) -> gr.Blocks:
    """Build the page; `mount_page` adds it to an application."""
    blocks = gr.Blocks(title="Digit recogniser", analytics_enabled=False, delete_cache=(300, 600))
    with blocks:
        gr.Markdown(_INTRODUCTION + (_PUBLIC_PRIVACY if handlers.is_public else _PRIVACY))
        with gr.Row():
            with gr.Column():
                sources = _build_sources(handlers)
            with gr.Column():
                outputs = _build_outputs(handlers)
        for source in sources:
            gr.on(
                source.triggers, _explain_after(handlers, source.handler), source.inputs, outputs, api_name=source.name,
                show_progress="hidden", trigger_mode="always_last", concurrency_limit=2,
            )  # fmt: skip
    blocks.queue(max_size=64, default_concurrency_limit=2)
    return blocks


def mount_page(app: FastAPI, blocks: gr.Blocks, root_path: str) -> FastAPI:
    """Mount the page at / of a server, without Gradio's monitoring, sharing and history.

    Args:
        app: the application of the server.
        blocks: the page.
        root_path: see `make_app`.

    Returns:
        Gradio's own application, which is mounted there.
    """
    gr.mount_gradio_app(
        app, blocks, path="/", root_path=root_path or None, max_file_size=MAX_BODY, show_error=False,
        footer_links=[], run_history=False, enable_monitoring=False, ssr_mode=False, pwa=False, mcp_server=False,
        css=_CSS,
    )  # fmt: skip
    blocks.has_launched = True  # Without it, Gradio accepts paths of files on the server that were not uploaded.
    mounted: FastAPI = app.routes[-1].app  # type: ignore[attr-defined]
    return mounted


def _explain_after(handlers: PageHandlers, handler: Callable[..., Results]) -> Callable[..., Iterator[Any]]:
    """Show the results of a handler, which takes milliseconds, then the explanation, which takes a tenth of a second.

    The message of an InputError is shown to the user who made the mistake.
    """

    @wraps(handler)  # Gradio inspects the parameters.
    def handle(*values: Any) -> Iterator[Any]:
        try:
            results = handler(*values)
        except InputError as error:
            yield tuple(Results())  # Otherwise the page would go on showing the previous picture's.
            raise gr.Error(str(error), print_exception=False) from None
        is_number = results.explanation is not None and results.explainable is None
        label = _LOCATIONS if is_number else _HEAT_MAP
        yield *results[:3], gr.Image(results.explanation, label=label), results.explainable
        if results.explainable is not None:
            message, heat_map = handlers.explain(results.explainable)
            yield tuple(results._replace(message=message, explanation=heat_map))

    return handle


def _build_sources(handlers: PageHandlers) -> list[_Source]:
    with gr.Tab("Draw"):
        canvas = build_canvas()
        drawn_options = _build_options()
    with gr.Tab("Upload"):
        # Gradio's image input refuses files that the browser does not know, such as HEIC, and opens others before us.
        file = gr.File(type="binary", label="Picture", height=280)
        uploaded_options = _build_options()
    with gr.Tab("Camera"):
        origins: list[Any] = ["webcam", "clipboard"]
        photo = gr.Image(type="filepath", image_mode=None, sources=origins, format="png", label="Picture")
        taken_options = _build_options()
    drawn: list[Any] = [canvas, *drawn_options]
    uploaded: list[Any] = [file, *uploaded_options]
    taken: list[Any] = [photo, *taken_options]
    uploads = [file.upload, file.clear, *(option.change for option in uploaded_options)]
    sources = [
        _Source([component.change for component in drawn], handlers.recognise_drawing, drawn, "draw"),
        _Source(uploads, handlers.recognise_upload, uploaded, "upload"),
        _Source([component.change for component in taken], handlers.recognise_photo, taken, "camera"),
    ]
    if handlers.is_public:
        return sources
    with gr.Tab("Test images"):
        sources += _build_samples(handlers)
    with gr.Tab("Errors"):
        sources += _build_errors(handlers)
    return sources


def _build_options() -> list[gr.Checkbox]:
    with gr.Row():
        return [gr.Checkbox(label=label) for label in (_SEVERAL, _DIGITS_ONLY)]


def _build_samples(handlers: PageHandlers) -> list[_Source]:
    count = len(handlers.test_images)
    if count == 0:
        gr.Markdown(
            "This workspace has no test.csv. `python -m scripts.download_data` downloads it, and "
            "`python -m scripts.download_data --sample` writes the one of the embedded sample."
        )
        return []
    label = f"Row of test.csv, 0 to {count - 1:,} (ImageId - 1)"
    row = gr.Number(None, precision=0, label=label)  # The handler checks it: Gradio would log a traceback.
    gr.Button("Random row").click(handlers.pick_random_row, None, row, api_visibility="private")
    shown = [(enlarge(image), f"row {i}") for i, image in enumerate(handlers.test_images[:NUM_SAMPLES])]
    gallery = _build_gallery(shown, columns=4, label="First rows")

    def pick(event: gr.SelectData) -> Results:
        return handlers.recognise_sample(event.index)

    return [
        _Source([row.change], handlers.recognise_sample, [row], "sample"),
        _Source([gallery.select], pick, [], "pick"),
    ]


def _build_errors(handlers: PageHandlers) -> list[_Source]:
    images, captions = handlers.errors
    if not captions:
        gr.Markdown("There is no list of errors. Train experiments, then run `python -m scripts.analyze_errors`.")
        return []
    gallery = _build_gallery(
        list(zip(map(enlarge, images), captions, strict=True)), columns=3, label="Out-of-fold errors of the experiments"
    )

    def pick(event: gr.SelectData) -> Results:
        return handlers.recognise_error(event.index)

    return [_Source([gallery.select], pick, [], "error")]


def _build_gallery(content: Any, columns: int, label: str) -> gr.Gallery:
    return gr.Gallery(content, columns=columns, label=label, allow_preview=False, format="png", interactive=False)


def _build_outputs(handlers: PageHandlers) -> list[Any]:
    """Build the components for the fields of `Results`, in their order."""
    label = gr.Label(num_top_classes=3, label="Prediction")
    message = gr.Markdown()
    with gr.Row():
        network_input, explanation = (
            gr.Image(format="png", interactive=False, buttons=[], height=_HEIGHT, label=name)
            for name in ("Input of the network", _HEAT_MAP)
        )
    explainable = gr.State()
    if not handlers.is_public:
        _build_feedback(handlers, explainable)
    return [label, message, network_input, explanation, explainable]


def _build_feedback(handlers: PageHandlers, explainable: gr.State) -> None:
    with gr.Accordion("Is the prediction wrong?", open=False):
        label = gr.Dropdown([str(digit) for digit in range(NUM_CLASSES)], value=None, label="Correct digit")
        save, message = gr.Button("Save"), gr.Markdown()
        gallery = _build_gallery(handlers.list_corrections, columns=3, label="Saved corrections")
        export, rows = gr.Button("Export as rows of train.csv"), gr.File(label="Exported rows", visible=False)
    saved = save.click(handlers.save_correction, [explainable, label], [message, label], api_visibility="private")
    saved.then(handlers.list_corrections, None, gallery, api_visibility="private")

    def offer_export() -> Iterator[Any]:
        if not handlers.workspace.feedback_csv.exists():
            gr.Info("No corrections have been saved yet.")
            yield gr.File(visible=False)
            return
        with tempfile.TemporaryDirectory() as directory:  # Gradio makes its own copy.
            yield gr.File(str(handlers.export_corrections(Path(directory))), visible=True)

    export.click(offer_export, None, rows, api_visibility="private")

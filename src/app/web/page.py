"""The page: draw, upload or pick a picture, see the prediction and its explanation, correct it."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr
from fastapi import FastAPI

from src.app.web.canvas import build_canvas
from src.app.web.handlers import PageHandlers
from src.app.web.middleware import MAX_BODY
from src.app.web.results import ENLARGEMENT, Results, enlarge
from src.app.web.samples import MAX_SHOWN
from src.common.competition import IMAGE_SIDE, NUM_CLASSES
from src.common.errors import InputError

_HEIGHT = ENLARGEMENT * IMAGE_SIDE + 40  # pixels of a picture with its caption
_SEVERAL, _DIGITS_ONLY = "Several digits", "No signs (decimal point, comma, minus)"
_HEAT_MAP, _LOCATIONS = "Important parts", "Digits found"
_INTRODUCTION = (
    "# Digit recogniser\nThis page recognises handwritten digits. Draw a digit, upload a picture of one, or use the "
    "camera. Tick *Several digits* if the picture shows a number. "
)
_CSS = """
/* Gradio breaks words in narrow columns. */
th { overflow-wrap: normal; word-break: normal }
/* Gradio shows the focus of some controls only. */
:focus-visible { outline: 2px solid var(--body-text-color) !important; outline-offset: 2px }
/* Gradio's orange and pale grey texts have too little contrast on white. */
body:not(.dark) .gradio-container { --color-accent: var(--primary-700) }
span.or { color: var(--body-text-color) !important }
/* Gradio's checkboxes cannot be seen in dark mode. */
.gradio-container { --checkbox-border-color: var(--neutral-500) }
/* Gradio indents what gr.HTML contains. */
.html-container:has(> [aria-live]) { padding: 0 }
.html-container > [aria-live] > div:empty { display: none }
"""
_JAVASCRIPT = "() => { document.documentElement.lang = 'en' }"  # Gradio names the browser's language instead.
_PRIVACY = "Your pictures stay on the computer that serves this page."
_PUBLIC_PRIVACY = "Your pictures stay on this server, which deletes them after at most 15 minutes."


class _Source(NamedTuple):
    """A way to give the page a picture."""

    triggers: Sequence[Any]  # Gradio's events
    handler: Callable[..., Results]
    inputs: Sequence[Any]  # Gradio's components
    name: str  # in Gradio's API
    has_default: bool = False  # The inputs have values from the start, so that opening the tab is a trigger too.


def build_page(handlers: PageHandlers) -> gr.Blocks:
    """Build the page; `mount_page` adds it to an application."""
    tabs: dict[str, Callable[[PageHandlers], _Source | None]]
    tabs = {"Draw": _build_drawing, "Upload": _build_upload, "Camera": _build_camera}
    if not handlers.is_public:
        tabs |= {"Test images": _build_samples, "Errors": _build_errors}
    max_age = 600 if handlers.is_public else 3600  # seconds in which a tab may recognise its picture again
    blocks = gr.Blocks(title="Digit recogniser", analytics_enabled=False, delete_cache=(300, max_age))
    with blocks:
        gr.Markdown(_INTRODUCTION + (_PUBLIC_PRIVACY if handlers.is_public else _PRIVACY))
        with gr.Tabs(overflow_behavior="wrap"):
            for name, build_source in tabs.items():
                _build_tab(name, build_source, handlers)
            if not handlers.is_public:
                _build_corrections(handlers)
    blocks.queue(max_size=64, default_concurrency_limit=2)
    return blocks


def mount_page(app: FastAPI, blocks: gr.Blocks, root_path: str) -> FastAPI:
    """Mount the page at / of a server, without Gradio's monitoring, sharing and history.

    Args:
        app: the application of the server.
        blocks: the page.
        root_path: path under which a reverse proxy serves the application, such as /digits; empty for none.

    Returns:
        Gradio's own application, which is mounted there.
    """
    gr.mount_gradio_app(
        app, blocks, path="/", root_path=root_path or None, max_file_size=MAX_BODY, show_error=False,
        footer_links=[], run_history=False, enable_monitoring=False, ssr_mode=False, pwa=False, mcp_server=False,
        css=_CSS, js=_JAVASCRIPT,
    )  # fmt: skip
    blocks.has_launched = True  # Without it, Gradio accepts paths of files on the server that were not uploaded.
    mounted: FastAPI = app.routes[-1].app  # type: ignore[attr-defined]
    return mounted


def _build_tab(name: str, build_source: Callable[[PageHandlers], _Source | None], handlers: PageHandlers) -> None:
    """Build a tab with a source of pictures and its own results, so that no result is shown with another picture."""
    with gr.Tab(name) as tab, gr.Row():
        with gr.Column():
            source = build_source(handlers)
        if source is None:
            return
        with gr.Column():
            outputs = _build_outputs(handlers)
    triggers = [tab.select, *source.triggers] if source.has_default else source.triggers
    gr.on(
        triggers, _explain_after(handlers, source.handler), source.inputs, outputs, api_name=source.name,
        show_progress="hidden", trigger_mode="always_last", concurrency_limit=2,
    )  # fmt: skip


def _explain_after(handlers: PageHandlers, handler: Callable[..., Results]) -> Callable[..., Iterator[Any]]:
    """Show the results of a handler, which takes milliseconds, then the explanation, which takes a tenth of a second.

    The message of an InputError is shown in place of the results.
    """

    @wraps(handler)  # Gradio inspects the parameters.
    def handle(*values: Any) -> Iterator[Any]:
        try:
            results = handler(*values)
        except InputError as error:  # It is not raised: after a failure, Gradio forgets the event that waits.
            yield tuple(Results(message=str(error)))
            return
        is_number = results.explanation is not None and results.explainable is None
        label = _LOCATIONS if is_number else _HEAT_MAP
        yield *results[:3], gr.Image(results.explanation, label=label, alt_text=label), results.explainable
        if results.explainable is not None:
            message, heat_map = handlers.explain(results.explainable)
            yield tuple(results._replace(message=message, explanation=heat_map))

    return handle


def _build_drawing(handlers: PageHandlers) -> _Source:
    inputs: list[Any] = [build_canvas(), *_build_options()]
    return _Source([component.change for component in inputs], handlers.recognise_drawing, inputs, "draw")


def _build_upload(handlers: PageHandlers) -> _Source:
    # Gradio's image input refuses files that the browser does not know, such as HEIC, and opens others before us.
    file = gr.File(type="binary", label="Picture", height=280)
    options = _build_options()
    triggers = [file.upload, file.clear, *(option.change for option in options)]
    return _Source(triggers, handlers.recognise_upload, [file, *options], "upload")


def _build_camera(handlers: PageHandlers) -> _Source:
    origins: list[Any] = ["webcam", "clipboard"]
    photo = gr.Image(type="filepath", image_mode=None, sources=origins, format="png", label="Picture")
    inputs: list[Any] = [photo, *_build_options()]
    return _Source([component.change for component in inputs], handlers.recognise_photo, inputs, "camera")


def _build_options() -> list[gr.Checkbox]:
    with gr.Row():
        return [gr.Checkbox(label=label) for label in (_SEVERAL, _DIGITS_ONLY)]


def _build_samples(handlers: PageHandlers) -> _Source | None:
    count = len(handlers.test_images)
    if count == 0:
        gr.Markdown(
            "This workspace has no test.csv. `python -m scripts.download_data` downloads it, and "
            "`python -m scripts.download_data --sample` writes the one of the embedded sample."
        )
        return None
    label = f"Row of test.csv, 0 to {count - 1:,} (ImageId - 1)"
    row = gr.Number(0, precision=0, label=label)  # The handler checks it: Gradio would log a traceback.
    gr.Button("Random row").click(handlers.pick_random_row, None, row, api_visibility="private")
    shown = [(enlarge(image), f"row {i}") for i, image in enumerate(handlers.test_images[:MAX_SHOWN])]
    _store_index(_build_gallery(shown, columns=4, label="First rows"), row)
    return _Source([row.change], handlers.recognise_sample, [row], "sample", has_default=True)


def _build_errors(handlers: PageHandlers) -> _Source | None:
    images, captions = handlers.errors
    if not captions:
        gr.Markdown("There is no list of errors. Train experiments, then run `python -m scripts.analyze_errors`.")
        return None
    shown = list(zip(map(enlarge, images), captions, strict=True))
    index = gr.State()
    _store_index(_build_gallery(shown, columns=3, label="Out-of-fold errors of the experiments"), index)
    return _Source([index.change], handlers.recognise_error, [index], "error")


def _store_index(gallery: gr.Gallery, output: Any) -> None:
    """Store the index of each image that is picked in an output, in the order of the picks.

    Gradio would ignore an image that is picked while the index of another is on its way, or, with the trigger mode
    "always_last", store the first index again.
    """

    def get_index(event: gr.SelectData) -> int:
        index: int = event.index
        return index

    gallery.select(get_index, None, output, api_visibility="private", trigger_mode="multiple", concurrency_limit=1)


def _build_gallery(content: Any, columns: int, label: str) -> gr.Gallery:
    return gr.Gallery(content, columns=columns, label=label, allow_preview=False, format="png", interactive=False)


def _build_outputs(handlers: PageHandlers) -> list[Any]:
    """Build the components for the fields of `Results`, in their order."""
    with _build_announced():
        label = gr.Label(num_top_classes=3, label="Prediction")
        message = gr.Markdown()
    with gr.Row():
        network_input, explanation = (
            gr.Image(format="png", interactive=False, buttons=[], height=_HEIGHT, label=name, alt_text=name)
            for name in ("Input of the network", _HEAT_MAP)
        )
    explainable = gr.State()
    if not handlers.is_public:
        _build_feedback(handlers, explainable)
    return [label, message, network_input, explanation, explainable]


def _build_announced() -> gr.HTML:
    """Build a part of the page whose changes are read out by screen readers."""
    return gr.HTML(html_template="@children", js_on_load="element.ariaLive = 'polite'", apply_default_css=False)


def _build_feedback(handlers: PageHandlers, explainable: gr.State) -> None:
    with gr.Accordion("Is the prediction wrong?", open=False):
        label = gr.Dropdown([str(digit) for digit in range(NUM_CLASSES)], value=None, label="Correct digit")
        save = gr.Button("Save")
        with _build_announced():
            message = gr.Markdown()
    save.click(handlers.save_correction, [explainable, label], [message, label], api_visibility="private")


def _build_corrections(handlers: PageHandlers) -> None:
    with gr.Tab("Corrections") as tab:
        gallery = _build_gallery(None, columns=6, label="Saved corrections")
        export, rows = gr.Button("Export as rows of train.csv"), gr.File(label="Exported rows", visible=False)

    def list_corrections() -> list[tuple[Any, str]]:
        try:
            return handlers.list_corrections()
        except InputError as error:
            gr.Info(str(error))
            return []

    def offer_export() -> Iterator[Any]:
        with tempfile.TemporaryDirectory() as directory:  # Gradio makes its own copy.
            try:
                yield gr.File(str(handlers.export_corrections(Path(directory))), visible=True)
            except InputError as error:
                gr.Info(str(error))
                yield gr.File(visible=False)

    tab.select(list_corrections, None, gallery, api_visibility="private")
    export.click(offer_export, None, rows, api_visibility="private")

"""What people draw on: a plain canvas, as Gradio's own needs WebGL, slow without a graphics card."""

import base64
import binascii
from pathlib import Path

import gradio as gr
import numpy as np

from src.app.pictures import open_picture
from src.errors import InputError

PREFIX = "data:image/png;base64,"
TEMPLATE = """
<canvas aria-label="Draw here"></canvas>
<div>
  <button type="button" disabled>Undo</button> <button type="button" disabled>Redo</button>
  <button type="button" aria-pressed="false">Eraser</button> <button type="button" disabled>Clear</button>
</div>
"""
CSS = """
canvas { width: 100%; height: 280px; background: white; border: 1px solid var(--border-color-primary);
    border-radius: var(--block-radius); touch-action: none; cursor: crosshair; }
div { display: flex; gap: var(--spacing-md); margin-top: var(--spacing-md); }
button { flex: 1; padding: var(--spacing-md); color: var(--button-secondary-text-color);
    background: var(--button-secondary-background-fill); border-radius: var(--button-medium-radius); }
button:hover { background: var(--button-secondary-background-fill-hover); }
button:disabled { opacity: 0.4; }
button[aria-pressed=true] { color: white; background: var(--color-accent); }
"""


def build_pad() -> gr.HTML:
    """Build the canvas with its buttons; its value, which changes after each stroke, is for `open_drawing`."""
    js = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return gr.HTML(
        html_template=TEMPLATE, css_template=CSS, js_on_load=js, apply_default_css=False, container=True, elem_id="pad",
        label="Drawing: a PNG picture as a data URL, black on white",
    )  # fmt: skip


def open_drawing(drawing: str | None) -> np.ndarray | None:
    """Decode the value of the pad: uint8 RGB (h, w, 3), or None where nothing is drawn.

    Raises:
        InputError: it is not a PNG picture as a data URL, or one that `open_picture` refuses.
    """
    if not drawing:
        return None
    try:
        data = base64.b64decode(drawing.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise InputError(f"this is not a drawing; send a PNG picture as {PREFIX}...") from None
    return open_picture(data)

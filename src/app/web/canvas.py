"""A drawing canvas for the page. Gradio's own canvas needs WebGL, which is slow without a graphics card."""

from pathlib import Path

import gradio as gr

from src.app.vision.decoding import BASE64_DESCRIPTION

_HTML = """
<canvas role="img" aria-label="Drawing area, for a mouse, a pen or fingers"></canvas>
<div>
  <button type="button">Undo</button> <button type="button">Redo</button>
  <button type="button" aria-pressed="false">Eraser</button> <button type="button">Clear</button>
</div>
"""
_CSS = """
& canvas { width: 100%; height: 280px; background: white; outline: 1px solid var(--border-color-primary);
    border-radius: var(--block-radius); touch-action: none; cursor: crosshair; }
& div { display: flex; gap: var(--spacing-md); margin-top: var(--spacing-md); }
& button { flex: 1; padding: var(--spacing-md); color: var(--button-secondary-text-color);
    background: var(--button-secondary-background-fill); border-radius: var(--button-medium-radius); }
& button:hover { background: var(--button-secondary-background-fill-hover); }
& button[aria-disabled=true] { opacity: 0.4; cursor: default; }
& button[aria-pressed=true] { color: var(--body-background-fill); background: var(--body-text-color); }
"""


def build_canvas() -> gr.HTML:
    """Build the canvas and its buttons.

    Returns:
        A component whose value changes with every stroke: the drawing as data: URL of a PNG file, empty if nothing is
        drawn.
    """
    javascript = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return gr.HTML(
        html_template=_HTML, css_template=_CSS, js_on_load=javascript,
        apply_default_css=False, container=True, elem_id="drawing", label=f"Drawing: {BASE64_DESCRIPTION}",
    )  # fmt: skip

"""How soon the page shows a prediction after a stroke, in a real browser that shares this machine's cores."""

import shutil
from typing import Any

import numpy as np

from src.benchmark.server import URL, serve
from src.common.errors import InputError
from src.common.workspace import Workspace

NUM_DRAWINGS = 20
STROKE = ((90, 80), (140, 55), (190, 80), (182, 130), (95, 215), (195, 215))
"""A 2: x and y in pixels of the canvas."""
_STROKE_CENTER = 140  # pixels, x and y
_PREDICTION = "label-output-value"  # data-testid of Gradio's label
_WATCH = """() => {
    window.addEventListener("pointerup", () => { window.lifted = performance.now(); window.shown = null; }, true);
    new MutationObserver(() => {
        if (!window.shown && document.querySelector("[data-testid=label-output-value]"))
            window.shown = performance.now();
    }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def draw_two(page: Any, size: float = 1.0, right: float = 0.0) -> None:
    """Wait for the canvas and draw a 2 on it.

    Args:
        page: Playwright's.
        size: factor; at 1 the digit fills most of the canvas.
        right: pixels by which the digit is shifted to the right.
    """
    page.locator("#drawing button[aria-disabled]").first.wait_for()  # The script of the canvas sets this attribute.
    page.locator("#drawing canvas").hover()  # Scrolls to it.
    box = page.locator("#drawing canvas").bounding_box()
    center_x, center_y = box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2
    points = [(center_x + size * (x - _STROKE_CENTER), center_y + size * (y - _STROKE_CENTER)) for x, y in STROKE]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


def measure_drawing_latency(workspace: Workspace) -> dict[str, Any]:
    """Draw a 2 in headless Chromium several times, and time the prediction.

    Returns:
        stroke_ms: milliseconds from the end of the stroke to the prediction on the page, median.

    Raises:
        InputError: Chromium or Playwright is not installed.
    """
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        raise InputError(
            "Chromium or Playwright is missing; install the system package chromium, and Playwright: .venv/bin/uv pip "
            "install -r requirements-dev.txt"
        )
    milliseconds = []
    with serve(workspace), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 950})
        page.goto(URL)
        page.evaluate(_WATCH)
        for _ in range(NUM_DRAWINGS):
            draw_two(page)
            page.get_by_test_id(_PREDICTION).wait_for()
            milliseconds.append(page.evaluate("window.shown - window.lifted"))
            page.get_by_role("button", name="Clear").click()
            page.get_by_test_id(_PREDICTION).wait_for(state="detached")
        browser.close()
    return {"stroke_ms": round(float(np.median(milliseconds)))}

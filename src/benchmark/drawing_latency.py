"""How soon the page answers a stroke: in a real browser, which shares this machine's cores with the server."""

import shutil
from typing import Any

import numpy as np

from src.benchmark.server import URL, serve
from src.common.errors import InputError
from src.common.workspace import Workspace

NUM_STROKES = 20
STROKE = ((90, 80), (140, 55), (190, 80), (182, 130), (95, 215), (195, 215))
"""A 2, in pixels of the canvas."""
WATCH = """() => {
    window.addEventListener("pointerup", () => { window.lifted = performance.now(); window.answered = null; }, true);
    new MutationObserver(() => {
        if (!window.answered && document.querySelector("[data-testid=label-output-value]"))
            window.answered = performance.now();
    }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def draw_two(page: Any, size: float = 1.0, right: float = 0.0) -> None:
    """Draw a 2 on the canvas of a page, Playwright's; the pad is waited for.

    Args:
        size: 1 for most of the canvas.
        right: of the middle, in pixels.
    """
    page.locator("#pad button[aria-disabled]").first.wait_for()  # as its script has begun
    page.locator("#pad canvas").hover()  # where it stays
    box = page.locator("#pad canvas").bounding_box()
    middle_x, middle_y = box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2
    points = [(middle_x + size * (x - 140), middle_y + size * (y - 140)) for x, y in STROKE]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


def measure_stroke(workspace: Workspace) -> dict[str, Any]:
    """Draw a 2 in headless Chromium, again and again, and see when the page says what it is.

    Returns:
        stroke_ms: from lifting the pen to the answer on the page, the median.

    Raises:
        InputError: there is no Chromium, or no Playwright.
    """
    chromium = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        raise InputError("install chromium, and .venv/bin/pip install -r requirements-dev.txt")
    milliseconds = []
    with serve(workspace), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 950})
        page.goto(URL)
        page.evaluate(WATCH)
        for _ in range(NUM_STROKES):
            draw_two(page)
            page.get_by_test_id("label-output-value").wait_for()
            milliseconds.append(page.evaluate("window.answered - window.lifted"))
            page.get_by_role("button", name="Clear").click()
            page.get_by_test_id("label-output-value").wait_for(state="detached")
        browser.close()
    return {"stroke_ms": round(float(np.median(milliseconds)))}

"""The page in a real browser: draw, upload, pick, correct. It must load nothing from other servers."""

import numpy as np
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from src.app.web.feedback import load_feedback
from src.benchmark.drawing_latency import draw_two
from tests.app.pictures import HEIC, HOSTILE, PNG, RGB, draw, encode_array
from tests.app_server import Server, proxy_under_path, wait_for_page

pytestmark = pytest.mark.browser

TOAST = ".toast-body"
"""A message in the corner of the page. Gradio's `.toast-wrap` around it is always there, mostly empty."""

FAULT_OF_GRADIO = ("aria-prohibited-attr", '<div aria-label="Empty value" class="empty ')
"""What axe finds in markup of Gradio that no parameter changes: gr.Label, gr.Image and gr.Gallery while they are empty.

The rule, and the beginning of the element.
"""


@pytest.fixture
def page(browser, page_url):
    page = browser.new_page(viewport={"width": 1200, "height": 950})
    errors, addresses = [], []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: addresses.append(request.url))
    page.goto(page_url)
    page.locator("#drawing canvas").wait_for()
    yield page
    page.close()
    assert not errors
    assert all(address.startswith((page_url, "data:", "blob:")) for address in addresses)


def count_inked(page):
    """Count the dark pixels of the canvas, after two frames, as moves are delivered with frames."""
    return page.evaluate("""async () => {
        for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
        const canvas = document.querySelector("#drawing canvas");
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 0 && value < 128).length;
    }""")


def test_a_drawn_digit_is_recognised_and_explained(page):
    draw_two(page)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")
    assert page.locator(".confidence-set").count() == 3
    expect(page.locator("img")).to_have_count(2)  # the input of the network, and the heat map
    expect(page.get_by_text("the brighter a part is")).to_be_visible()


def test_strokes_can_be_undone_and_erased(page):
    prediction = page.get_by_test_id("label-output-value")
    undo, redo, eraser, clear = (
        page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo", "Eraser", "Clear")
    )
    expect(undo).to_be_disabled()
    draw_two(page)
    expect(prediction).to_have_text("2")
    undo.click()
    expect(prediction).to_have_count(0)
    redo.click()
    expect(prediction).to_have_text("2")
    clear.click()
    expect(prediction).to_have_count(0)
    undo.click()
    expect(prediction).to_have_text("2")
    eraser.click()
    draw_two(page)  # over the same place
    expect(prediction).to_have_count(0)
    eraser.click()
    draw_two(page)
    expect(prediction).to_have_text("2")
    expect(redo).to_be_disabled()


def test_a_drawing_survives_another_tab_and_a_narrower_window(page):
    prediction = page.get_by_test_id("label-output-value")
    draw_two(page, 0.8)
    expect(prediction).to_have_text("2")
    inked = count_inked(page)
    page.get_by_role("tab", name="Errors").click()
    page.set_viewport_size({"width": 900, "height": 950})
    page.get_by_role("tab", name="Draw").click()
    expect(page.locator("#drawing canvas")).to_be_visible()
    assert 0.5 * inked < count_inked(page) <= inked
    assert page.evaluate("(canvas => canvas.width === canvas.clientWidth)(document.querySelector('#drawing canvas'))")
    page.get_by_role("button", name="Clear").click()
    expect(prediction).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(prediction).to_have_text("2")


def test_fingers_draw_and_palms_do_not(browser, page_url):
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(page_url)
    page.locator("#drawing button[aria-disabled]").first.wait_for()
    page.locator("#drawing canvas").hover()  # The page scrolls now, not later.
    box = page.locator("#drawing canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + 60
    devices = page.context.new_cdp_session(page)

    def touch(kind, *points):
        points = [{"x": x + right, "y": y + down, "id": finger} for right, down, finger in points]
        devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    page.touchscreen.tap(x, y)  # a dot
    assert 50 < count_inked(page) < 150
    page.get_by_role("button", name="Undo").click()
    assert count_inked(page) == 0
    touch("touchStart", (0, 0, 1))
    for down in range(10, 160, 10):
        touch("touchMove", (0, down, 1))
    drawn = count_inked(page)
    touch("touchStart", (0, 150, 1), (60, 0, 2))  # another finger
    touch("touchMove", (0, 150, 1), (60, 50, 2))
    assert count_inked(page) == drawn > 1000
    touch("touchEnd")
    expect(page.get_by_test_id("label-output-value")).to_have_text("1")
    touch("touchStart", (50, 0, 1))
    touch("touchMove", (50, 80, 1))
    assert count_inked(page) > 1.3 * drawn
    touch("touchCancel")
    expect(page.get_by_test_id("label-output-value")).to_have_text("1")
    assert count_inked(page) == pytest.approx(drawn, rel=0.1)
    page.close()


def test_a_drawn_number_is_recognised(page):
    page.get_by_label("Several digits").first.check()
    draw_two(page, 0.45, -70)
    draw_two(page, 0.45, 70)
    expect(page.get_by_test_id("label-output-value")).to_have_text("22")
    number_table = page.get_by_role("columnheader", name="second best")
    expect(number_table).to_be_visible()
    page.get_by_label("Several digits").first.uncheck()
    expect(number_table).to_have_count(0)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")


def upload(page, name, data):
    page.get_by_role("tab", name="Upload").click()
    page.locator("input[type=file]:not([accept^=image])").first.set_input_files(
        {"name": name, "mimeType": "", "buffer": data}
    )


def test_an_uploaded_picture_is_recognised(page):
    upload(page, "picture.png", PNG + b"\n")
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("picture.png", HOSTILE["png and script"], "send the picture alone"),
        ("empty.jpg", b"", "not a picture that can be decoded"),
    ],
)
def test_the_page_says_why_it_refuses_a_picture(page, name, data, sentence):
    upload(page, name, data)
    expect(page.get_by_text(sentence)).to_be_visible()


def test_the_page_works_behind_a_proxy_under_a_path_and_another_host_name(browser, page_workspace):
    name = "digits.localhost"  # All such names mean this machine.
    server = Server(workspace=page_workspace, root_path="/digits", hosts=[name])
    with server as url, proxy_under_path("/digits", server.port) as port:
        wait_for_page(url, headers={"Host": name})
        page = browser.new_page(locale="de-DE")
        page.goto(f"http://{name}:{port}/digits/")
        draw_two(page)
        expect(page.locator("html")).to_have_attribute("lang", "en")  # as the page is in English
        expect(page.get_by_test_id("label-output-value")).to_have_text("2")
        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_test_id("label-output-value")).to_have_count(0)
        upload(page, "IMG_0001.HEIC", HEIC)  # The browser does not know this format.
        expect(page.get_by_test_id("label-output-value")).to_have_text("2")
        expect(page.get_by_text("the brighter a part is")).to_be_visible()
        expect(page.locator(TOAST)).to_have_count(0)
        page.goto(f"http://{name}:{port}/digits/docs")
        expect(page.get_by_text("/api/predict")).to_be_visible()
        page.close()


def test_a_wrong_prediction_of_a_test_image_is_corrected(page, page_workspace):
    page.get_by_role("tab", name="Test images").click()
    page.locator(".thumbnail-item:visible").first.click()
    expect(page.get_by_test_id("label-output-value")).to_be_visible()
    page.get_by_role("button", name="Is the prediction wrong?").click()
    page.get_by_label("Correct digit").filter(visible=True).click()
    page.get_by_role("option", name="7").click()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as a 7")).to_be_visible()
    assert load_feedback(page_workspace.feedback_csv).labels.tolist() == [7]
    page.get_by_role("tab", name="Corrections").click()
    expect(page.get_by_text("label 7, predicted")).to_be_visible()
    page.get_by_role("button", name="Export as rows of train.csv").click()
    link = page.locator("a[href*=corrected_train_rows]").first
    link.wait_for()
    assert requests.get(link.get_attribute("href")).text.startswith("label,pixel0,")


def test_a_test_image_is_recognised_by_its_row(page):
    row, prediction = page.get_by_label("Row of test.csv"), page.get_by_test_id("label-output-value")
    page.get_by_role("tab", name="Test images").click()
    expect(row).to_have_value("0")
    expect(prediction).to_be_visible()
    row.fill("60")
    expect(page.get_by_text("has no row 60")).to_be_visible()
    expect(prediction).to_have_count(0)
    row.fill("61")
    row.fill("5")
    expect(prediction).to_be_visible()  # although the event before it was a mistake


def test_an_error_is_shown_and_recognised(page):
    page.get_by_role("tab", name="Errors").click()
    page.get_by_text("row 5: label 4, predicted 9").click()
    expect(page.get_by_test_id("label-output-value")).to_be_visible()


def test_the_page_fits_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    on_a_table = np.pad(draw(), ((60, 60), (60, 60), (0, 0)), constant_values=100)
    upload(page, "picture.png", encode_array(on_a_table))
    expect(page.get_by_text("the brighter a part is")).to_be_visible()
    page.get_by_text("Other hypotheses").click()
    expect(page.get_by_role("columnheader", name="hypothesis")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("(part => part.scrollWidth <= part.clientWidth)(document.querySelector('details'))")


def focus_with_keys(page, control):
    """Press Tab until a control has the focus, and check that this can be seen."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if control.evaluate("control => control === document.activeElement"):
            assert control.evaluate("control => getComputedStyle(control).outlineStyle") != "none"
            return
    raise AssertionError(f"{control} cannot be reached with the keyboard")


def find_faults(page):
    """Return what axe calls serious or critical in light and in dark mode: rules and elements."""
    faults = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator("body.dark")).to_have_count(int(scheme == "dark"))
        violations = Axe().run(page).response["violations"]
        serious = [violation for violation in violations if violation["impact"] in ("serious", "critical")]
        faults += [(violation["id"], node["html"]) for violation in serious for node in violation["nodes"]]
    rule, beginning = FAULT_OF_GRADIO
    return [(name, element) for name, element in faults if name != rule or not element.startswith(beginning)]


def test_each_tab_is_accessible_and_keeps_its_own_answer(page):
    number = {"name": "number.png", "mimeType": "image/png", "buffer": encode_array(np.hstack([np.asarray(RGB)] * 2))}
    page.on("filechooser", lambda chooser: chooser.set_files(number))
    answer = page.locator("[aria-live=polite] [data-testid=label-output-value]:visible")
    page.add_style_tag(content="* { transition: none !important }")  # axe must not see colours that are changing.
    draw_two(page)
    expect(answer).to_have_text("2")
    expect(page.get_by_text("the brighter a part is")).to_be_visible()
    faults = find_faults(page)
    for name, has_answer in {"Errors": 0, "Upload": 0, "Camera": 0, "Test images": 1, "Corrections": 0}.items():
        focus_with_keys(page, page.get_by_role("tab", name=name))
        page.keyboard.press("Enter")
        expect(page.get_by_role("tab", name=name, selected=True)).to_be_visible()
        expect(answer).to_have_count(has_answer)
        faults += find_faults(page)
    focus_with_keys(page, page.get_by_role("tab", name="Upload"))
    page.keyboard.press("Enter")
    focus_with_keys(page, page.get_by_role("button", name="Click to upload"))
    page.keyboard.press("Enter")
    focus_with_keys(page, page.get_by_role("checkbox", name="Several digits"))
    page.keyboard.press("Space")
    expect(answer).to_have_text("22")
    faults += find_faults(page)
    focus_with_keys(page, page.get_by_role("tab", name="Draw"))
    page.keyboard.press("Enter")
    expect(answer).to_have_text("2")
    assert faults == []

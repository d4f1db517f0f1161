"""The digit reader's page in a real browser: draw, upload, pick, flag; nothing is asked of other machines."""

import pytest
import requests
from playwright.sync_api import expect

from src.app.web.feedback import load_flags
from src.benchmark.drawing_latency import draw_two
from tests.app.pictures import PNG
from tests.app_server import Server, wait_for_page
from tests.conftest import open_chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def workspace(sample_small, tmp_path_factory):
    workspace = sample_small(tmp_path_factory.mktemp("app") / "workspace")
    workspace.oof_dir.mkdir()
    workspace.errors_csv.write_text("row,label,predicted\n5,4,9\n")
    return workspace


@pytest.fixture(scope="module")
def url(workspace):
    with Server(workspace=workspace) as url:
        wait_for_page(url)
        yield url


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, url):
    page = browser.new_page(viewport={"width": 1200, "height": 950})
    complaints, asked = [], []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.locator("#pad canvas").wait_for()
    yield page
    page.close()
    assert not complaints
    assert all(address.startswith((url, "data:", "blob:")) for address in asked)


def count_inked(page):
    """The dark pixels of the canvas, once moves, which come with frames, have come."""
    return page.evaluate("""async () => {
        for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
        const canvas = document.querySelector("#pad canvas");
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return data.filter((value, i) => i % 4 === 0 && value < 128).length;
    }""")


def test_a_drawn_digit_is_read_and_explained(page):
    draw_two(page)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")
    assert page.locator(".confidence-set").count() == 3
    expect(page.locator("img")).to_have_count(2)  # what the network saw, and why
    expect(page.get_by_text("the bright parts are those")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_test_id("label-output-value")).to_have_count(0)
    draw_two(page)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")


def test_strokes_can_be_taken_back_and_erased(page):
    reading = page.get_by_test_id("label-output-value")
    undo, redo, eraser, clear = (
        page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo", "Eraser", "Clear")
    )
    expect(undo).to_be_disabled()
    draw_two(page)
    expect(reading).to_have_text("2")
    undo.click()
    expect(reading).to_have_count(0)
    redo.click()
    expect(reading).to_have_text("2")
    clear.click()
    expect(reading).to_have_count(0)
    undo.click()
    expect(reading).to_have_text("2")
    eraser.click()
    draw_two(page)  # over the same
    expect(reading).to_have_count(0)
    eraser.click()
    draw_two(page)
    expect(reading).to_have_text("2")
    expect(redo).to_be_disabled()


def test_a_drawing_outlives_another_tab_and_a_narrower_window(page):
    reading = page.get_by_test_id("label-output-value")
    draw_two(page, 0.8)
    expect(reading).to_have_text("2")
    inked = count_inked(page)
    page.get_by_role("tab", name="Errors").click()
    page.set_viewport_size({"width": 900, "height": 950})
    page.get_by_role("tab", name="Draw").click()
    expect(page.locator("#pad canvas")).to_be_visible()
    assert 0.5 * inked < count_inked(page) <= inked
    assert page.evaluate("(canvas => canvas.width === canvas.clientWidth)(document.querySelector('#pad canvas'))")
    page.get_by_role("button", name="Clear").click()
    expect(reading).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(reading).to_have_text("2")


def test_fingers_draw_and_palms_do_not(browser, url):
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(url)
    page.locator("#pad button[aria-disabled]").first.wait_for()
    page.locator("#pad canvas").hover()  # where it stays
    box = page.locator("#pad canvas").bounding_box()
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


def test_a_drawn_number_is_read(page):
    page.get_by_label("Several digits").first.check()
    draw_two(page, 0.45, -70)
    draw_two(page, 0.45, 70)
    expect(page.get_by_test_id("label-output-value")).to_have_text("22")
    page.get_by_label("Several digits").first.uncheck()
    expect(page.locator("table")).to_have_count(0)


def test_an_uploaded_picture_is_read(page):
    page.get_by_role("tab", name="Upload or camera").click()
    files = {"name": "two.png", "mimeType": "image/png", "buffer": PNG}
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Drop an image file here to upload").click()
    chooser.value.set_files(files)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")


def test_a_wrong_reading_of_a_test_image_is_kept(page, workspace):
    page.get_by_role("tab", name="Test images").click()
    page.locator(".thumbnail-item:visible").first.click()
    expect(page.get_by_test_id("label-output-value")).to_be_visible()
    page.get_by_text("Wrong? Tell the right digit").click()
    page.get_by_label("It is a").click()
    page.get_by_role("option", name="7").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("it is a 7")).to_be_visible()
    images, labels, _ = load_flags(workspace.feedback_csv)
    assert len(images) == 1 and labels.tolist() == [7]
    page.reload()
    page.get_by_text("Wrong? Tell the right digit").click()
    expect(page.get_by_text("7, read as")).to_be_visible()
    page.get_by_role("button", name="Export as rows of train.csv").click()
    link = page.locator("a[href*=flagged_train_rows]").first
    link.wait_for()
    assert requests.get(link.get_attribute("href")).text.startswith("label,pixel0,")


def test_a_test_image_is_read_by_its_row(page):
    page.get_by_role("tab", name="Test images").click()
    page.get_by_label("Row of test.csv").fill("3")
    page.get_by_label("Row of test.csv").press("Tab")
    expect(page.get_by_test_id("label-output-value")).to_be_visible()


def test_an_error_is_shown_and_read(page):
    page.get_by_role("tab", name="Errors").click()
    page.get_by_text("row 5: 4, read as 9").click()
    expect(page.get_by_test_id("label-output-value")).to_be_visible()


def test_it_fits_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    draw_two(page)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

"""The digit reader's page in a real browser: draw, upload, pick, flag; nothing is asked of other machines."""

import pytest
from playwright.sync_api import expect

from src.app.flags import load_flags
from tests.app_server import Server, wait_for_page
from tests.conftest import open_chromium
from tests.test_pictures import PNG

pytestmark = pytest.mark.browser
STROKE = [(90, 80), (140, 55), (190, 80), (182, 130), (95, 215), (195, 215)]  # a 2


@pytest.fixture(scope="module")
def workspace(sample_small, tmp_path_factory):
    return sample_small(tmp_path_factory.mktemp("app") / "workspace")


@pytest.fixture(scope="module")
def url(workspace):
    with Server(workspace=workspace) as url:
        wait_for_page(url)
        yield url


@pytest.fixture(scope="module")
def browser():
    # The canvas needs WebGL, here without a graphics card.
    with open_chromium("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader") as browser:
        yield browser


@pytest.fixture
def page(browser, url):
    page = browser.new_page(viewport={"width": 1200, "height": 950})
    complaints, asked = [], []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    page.locator("#pad canvas").first.wait_for()
    yield page
    page.close()
    assert not complaints
    assert all(address.startswith((url, "data:", "blob:")) for address in asked)


def draw(page, size=1.0, right=0):
    page.locator("#pad button[aria-label='Brush'].selected, #pad button[aria-label='Brush'].highlight").or_(
        page.locator("#pad [aria-label='Brush color'], #pad button[title='Colors']")
    ).first.wait_for()
    box = page.locator("#pad canvas").first.bounding_box()
    middle = box["x"] + box["width"] / 2 + right, box["y"] + box["height"] / 2
    points = [(middle[0] + size * (x - 140), middle[1] + size * (y - 140)) for x, y in STROKE]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()


def test_a_drawn_digit_is_read_and_explained(page):
    draw(page)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")
    assert page.locator(".confidence-set").count() == 3
    expect(page.locator("img")).to_have_count(2)  # what the network saw, and why
    page.get_by_label("Clear canvas").click()
    expect(page.get_by_test_id("label-output-value")).to_have_count(0)


def test_a_drawn_number_is_read(page):
    page.get_by_label("Several digits").first.check()
    draw(page, 0.45, -70)
    draw(page, 0.45, 70)
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
    images, labels, _ = load_flags(workspace.flags_csv)
    assert len(images) == 1 and labels.tolist() == [7]


def test_it_fits_on_a_phone(page):
    page.set_viewport_size({"width": 390, "height": 844})
    draw(page)
    expect(page.get_by_test_id("label-output-value")).to_have_text("2")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

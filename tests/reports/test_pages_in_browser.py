"""The reports in a real browser: filters, keys and annotations work, and nothing is loaded from elsewhere."""

import pandas as pd
import pytest

from src.data.datasets import load_dataset
from src.evaluation.annotations import load_annotations
from src.reports.data_report import write_data_report
from src.reports.error_report import write_error_report
from tests.fold_results import save_predictions

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def workspace(sample_small, tmp_path_factory):
    """Two made-up experiments with errors in rows 10..39 and 30..49, the error report of the first, the data report."""
    workspace = sample_small(tmp_path_factory.mktemp("pages") / "workspace")
    save_predictions(workspace, "first", [0, 1], range(10, 40))
    save_predictions(workspace, "second", [0, 1], range(30, 50))
    write_error_report("first", load_dataset(workspace), workspace)
    write_data_report(workspace, workspace.data_report_html)
    return workspace


@pytest.fixture
def open_page(browser):
    """Open a page; afterwards, check that nothing but its file was loaded and that the console is empty."""
    messages, requests = [], []
    context = browser.new_context(accept_downloads=True)

    def open_file(path, width=1200):
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_file
    context.close()
    assert not messages
    assert all(url.startswith(("file:", "data:", "blob:")) for url in requests)
    assert len([url for url in requests if url.startswith("file:")]) >= 1


def shown(page):
    return page.locator("#error-cards .card:visible")


def test_filters_choose_the_errors_that_are_shown(workspace, open_page):
    page = open_page(workspace.error_report_html)
    table = pd.read_csv(workspace.errors_csv)
    assert shown(page).count() == 30
    page.get_by_label("also an error of").select_option("second")
    assert shown(page).count() == 10 and "10 of 30 shown" in page.locator(".filters").inner_text()
    page.locator("select[name=fold]").select_option("1")
    assert shown(page).count() == ((table["row"] >= 30) & (table["fold"] == 1)).sum()
    page.get_by_role("button", name="show all").click()
    assert shown(page).count() == 30
    label = int(table["label"][0])
    page.locator("select[name=label]").select_option(str(label))
    assert shown(page).count() == (table["label"] == label).sum()


def test_a_count_of_the_confusion_matrix_shows_its_images(workspace, open_page):
    page = open_page(workspace.error_report_html)
    button = page.locator("#confusion button").first
    label, predicted, count = (
        button.get_attribute("data-label"),
        button.get_attribute("data-predicted"),
        button.inner_text(),
    )
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.name === 'label'")
    assert shown(page).count() == int(count)
    for card in shown(page).all():
        assert (card.get_attribute("data-label"), card.get_attribute("data-predicted")) == (label, predicted)
    assert shown(page).first.locator("img").is_visible()


def test_annotations_are_saved_and_downloaded(workspace, open_page, tmp_path):
    page = open_page(workspace.error_report_html)
    first, second = page.locator("#error-cards .card").all()[:2]
    other = (int(first.get_attribute("data-label")) + 1) % 10
    first.get_by_label("Reading").select_option(str(other))
    first.get_by_label("Note").fill('a "tail", perhaps')
    second.get_by_label("Reading").select_option("undecidable")
    page.reload()
    again = page.locator(f"#label-issue-cards .card[data-hash='{first.get_attribute('data-hash')}']")
    assert again.get_by_label("Reading").input_value() == str(other)  # The same image elsewhere on the page.
    with page.expect_download() as download:
        page.get_by_role("button", name="Download annotations").click()
    download.value.save_as(tmp_path / "annotations.csv")
    lines = write_error_report("first", load_dataset(workspace), workspace, tmp_path / "annotations.csv")
    assert lines[1] == "annotated rows: 1 mislabelled, 1 undecidable, 0 correct"
    assert list(load_annotations(workspace)["note"]) == ['a "tail", perhaps', ""]


def test_the_map_shows_the_image_under_the_pointer_and_by_keys(workspace, open_page):
    page = open_page(workspace.data_report_html)
    selected = page.locator("#selected p")
    page.locator("#map circle").nth(7).hover(force=True)
    row = page.evaluate("circles.indexOf(document.querySelector('#map circle[stroke]'))")
    assert selected.inner_text().startswith(f"row {row}, ") and row > 0  # Before, the image of row 0 was shown.
    page.locator("#map svg").focus()
    before = selected.inner_text()
    page.keyboard.press("ArrowRight")
    assert selected.inner_text() != before
    page.keyboard.press("ArrowLeft")
    assert selected.inner_text() == before


def test_the_index_leads_to_each_report_and_back(workspace, open_page):
    page = open_page(workspace.reports_html)
    for title in ("Data report", "Error report"):
        page.get_by_role("link", name=title).click()
        assert title in page.title()
        assert "python -m scripts." in page.locator("footer").inner_text()
        page.emulate_media(media="print")
        assert not page.locator("nav").first.is_visible()
        page.emulate_media(media="screen")
        page.get_by_role("link", name="all reports").click()
        assert page.title() == "Reports"


def test_the_error_report_leads_to_the_ledger_of_a_row(workspace, open_page):
    page = open_page(workspace.error_report_html)
    link = page.locator("#error-cards a").first
    name = link.inner_text()
    link.click()
    section = page.locator(f"#{name.replace(' ', '-')}")
    assert name.capitalize() in section.inner_text() and "second" in section.inner_text()


@pytest.mark.parametrize("report", ["error_report_html", "data_report_html", "error_rows_html", "reports_html"])
def test_a_narrow_page_does_not_scroll_sideways(workspace, open_page, report):
    page = open_page(getattr(workspace, report), width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("[...document.images].every(image => image.alt && image.naturalWidth)")

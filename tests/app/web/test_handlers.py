"""The event handlers of the page, without the page."""

import base64
import shutil

import numpy as np
import pytest
from PIL import Image

from src.app.web.handlers import PageHandlers
from src.app.web.results import EXPLANATION, NO_DIGIT, UNREAD, Results
from src.common.errors import InputError
from src.common.workspace import APP_WEIGHTS_DIR
from src.data.csv_files import read_train
from tests.app.pictures import PNG, RGB, encode


@pytest.fixture(scope="module")
def handlers(page_workspace):
    """Handlers whose workspace is not written to."""
    return PageHandlers(page_workspace)


def test_a_drawing_is_recognised(handlers):
    results = handlers.recognise_drawing("data:image/png;base64," + base64.b64encode(PNG).decode())
    assert max(results.probabilities, key=results.probabilities.get) == "2"
    assert results.network_input.shape == (224, 224)
    assert results.explainable.digit == 2


def test_nothing_and_one_colour_clear_the_page(handlers):
    white = base64.b64encode(encode(Image.new("RGB", (40, 40), "white"))).decode()
    for drawing in (None, "", white):
        assert handlers.recognise_drawing(drawing) == Results()
    assert handlers.recognise_upload(None) == handlers.recognise_sample(None) == Results()


def test_several_digits_are_shown_with_their_boxes(handlers, tmp_path):
    both = np.hstack([np.asarray(RGB)] * 2)
    path = tmp_path / "both.png"
    path.write_bytes(encode(Image.fromarray(both)))
    results = handlers.recognise_photo(str(path), True)
    assert list(results.probabilities) == ["22"]
    assert results.message.count("\n| 2 | ") == 2
    assert results.network_input.shape == (112, 224)
    assert results.explanation.shape == both.shape
    assert not np.array_equal(results.explanation, both)
    assert results.explainable is None


def test_ink_that_was_not_read_is_marked(handlers, tmp_path):
    path = tmp_path / "cut.png"
    shaded = np.hstack([np.asarray(RGB)] * 3)[:, 115:] * np.linspace(0.6, 1, RGB.height)[:, None, None]
    path.write_bytes(encode(Image.fromarray(shaded.astype(np.uint8))))
    results = handlers.recognise_photo(str(path), True)
    assert results.probabilities["22"] < 0.5 and UNREAD in results.message
    left = results.explanation.shape[1] // 15
    assert (results.explanation[:, :left] == (200, 0, 160)).all(axis=2).any()


def test_lines_of_different_lengths_are_shown_below_each_other(handlers, tmp_path):
    two = np.asarray(RGB)
    path = tmp_path / "lines.png"
    path.write_bytes(encode(Image.fromarray(np.vstack([np.hstack([two, two]), np.hstack([two, 0 * two + 255])]))))
    results = handlers.recognise_photo(str(path), True)
    assert list(results.probabilities) == ["22\n2"]
    assert results.network_input.shape == (224, 224)
    assert not results.network_input[112:, 112:].any()


def test_pictures_without_digits_get_a_message(handlers, tmp_path):
    path = tmp_path / "dots.png"
    speck = Image.new("RGB", (300, 300), "white")
    speck.putpixel((150, 150), (0, 0, 0))
    path.write_bytes(encode(speck))
    for several in (False, True):
        results = handlers.recognise_photo(str(path), several)
        assert results.message.startswith(NO_DIGIT)
        assert results.probabilities == {}


@pytest.mark.parametrize("row", [-1, 60, 1e300])
def test_a_row_that_test_csv_lacks_is_refused(handlers, row):
    with pytest.raises(InputError, match="choose one from 0 to 59"):
        handlers.recognise_sample(row)


def test_the_explanation_is_brighter_than_the_picture_before_it(handlers):
    results = handlers.recognise_sample(0)
    message, heat_map = handlers.explain(results.explainable)
    assert message == EXPLANATION
    assert results.explanation.shape == heat_map.shape == (224, 224, 3)
    assert heat_map.mean() > results.explanation.mean()


def test_exported_networks_are_compared(small):
    path = small.fold_path("residual", 2, ".onnx")
    path.parent.mkdir(parents=True)
    shutil.copy(APP_WEIGHTS_DIR / "recogniser.onnx", path)
    handlers = PageHandlers(small)
    probabilities, *_, explainable = handlers.recognise_sample(0)
    message, _ = handlers.explain(explainable)
    digit = max(probabilities, key=probabilities.get)
    assert f"| residual, fold 2 | {digit} ({probabilities[digit]:.1%}) |" in message
    assert not PageHandlers(small, is_public=True).exported
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"scripts\.export residual --fold 2"):
        PageHandlers(small)


def test_corrections_are_listed_and_exported(small, tmp_path):
    handlers = PageHandlers(small)
    explainable = handlers.recognise_sample(0).explainable
    assert handlers.list_corrections() == []
    assert "first" in handlers.save_correction(None, "3")[0]
    assert "first" in handlers.save_correction(explainable, None)[0]
    message, left = handlers.save_correction(explainable, "3")
    assert message.startswith("Saved as a 3")
    assert left is None
    ((image, caption),) = handlers.list_corrections()
    assert image.shape == (84, 84)
    assert caption.startswith("label 3, predicted ")
    assert read_train(handlers.export_corrections(tmp_path))[1].tolist() == [3]


def test_errors_and_random_rows_are_recognised(handlers):
    assert handlers.recognise_error(0).explainable is not None
    assert 0 <= handlers.pick_random_row() < len(handlers.test_images)

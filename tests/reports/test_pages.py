"""Pages: embedded images, and templates that are rendered completely or not at all."""

import base64

import cv2
import jinja2
import numpy as np
import pytest

from src.reports.pages import embed_image, embed_images, write_page


def decode(uri):
    kind, content = uri.split(",")
    assert kind == "data:image/png;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_UNCHANGED)


def test_an_image_is_embedded_without_loss_and_fractions_are_rounded():
    image = np.arange(28 * 28, dtype=np.float32).reshape(28, 28, 1) % 250
    np.testing.assert_array_equal(decode(embed_image(image + 0.4)), image[..., 0])


def test_images_fill_a_grid_row_by_row():
    images = np.arange(1, 6, dtype=np.uint8)[:, None, None] * np.ones((5, 2, 3), np.uint8)
    grid = decode(embed_images(images, num_columns=3))
    assert grid.shape == (4, 9)
    assert grid[0, ::3].tolist() == [1, 2, 3]
    assert grid[2, ::3].tolist() == [4, 5, 0]


def test_a_page_with_a_missing_value_is_not_written(tmp_path):
    with pytest.raises(jinja2.UndefinedError, match="model"):
        write_page(tmp_path / "page.html", "error_report.html")
    assert list(tmp_path.iterdir()) == []


def test_names_are_escaped(tmp_path):
    values = {"num_rows": 1, "num_folds": 1, "board": [], "digits": {}, "costs": "", "comparisons": []}
    values |= {"complementary_models": [], "blended": [], "importances": "", "variances": ""}
    values |= {"command": "python -m scripts.evaluate --html", "index": "", "has_decidable": False}
    write_page(tmp_path / "page.html", "comparison.html", **values, learning_curves="<script>")
    page = (tmp_path / "page.html").read_text()
    assert "&lt;script&gt;" in page and "<script>" not in page

"""Images that the page offers."""

import numpy as np
import pytest

from src.app.web.samples import load_errors, load_test_samples
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train


@pytest.fixture
def workspace(page_workspace, tmp_path):
    """The data of the page's workspace, and a place for a list of errors."""
    (tmp_path / "input").symlink_to(page_workspace.input_dir)
    (tmp_path / "oof").mkdir()
    return Workspace(tmp_path)


def test_an_empty_workspace_has_no_samples(tmp_path):
    assert load_test_samples(Workspace(tmp_path)).shape == (0, 28, 28, 1)
    assert load_errors(Workspace(tmp_path)).captions == []


def test_test_images_are_samples(workspace):
    np.testing.assert_array_equal(load_test_samples(workspace), load_test(workspace))


def test_errors_have_captions(workspace):
    workspace.errors_csv.write_text("row,label,predicted\n7,4,9\n0,1,7\n")
    images, captions = load_errors(workspace)
    assert captions == ["row 7: label 4, predicted 9", "row 0: label 1, predicted 7"]
    np.testing.assert_array_equal(images, load_train(workspace)[0][[7, 0]])
    workspace.errors_csv.write_text("row,label,predicted\n")
    assert load_errors(workspace).captions == []


@pytest.mark.parametrize(
    "content",
    ["row,label,predicted\n300,4,9\n", "row,label,predicted\n-1,4,9\n", "row,label,predicted\nx,4,9\n", "", "row\n7\n"],
    ids=["too large", "negative", "no number", "empty", "no columns"],
)
def test_damaged_lists_of_errors_are_reported(workspace, content):
    workspace.errors_csv.write_text(content)
    with pytest.raises(InputError, match=r"scripts\.analyze_errors"):
        load_errors(workspace)

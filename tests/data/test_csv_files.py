"""CSV files: read as pandas reads them, and refused with the row and the remedy."""

import numpy as np
import pandas as pd
import pytest

from src.common.competition import PIXEL_COLUMNS
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train, read_submission, read_train

HEADER = ",".join(("label", *PIXEL_COLUMNS))


def make_row(label="3", last="0", num_pixels=784):
    """Make a row of train.csv whose pixels are 0, but for the last one."""
    return ",".join([label, *["0"] * (num_pixels - 1), last])


def write_train(tmp_path, *lines):
    path = tmp_path / "train.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_reads_what_pandas_reads(sample):
    images, labels = load_train(sample)
    frame = pd.read_csv(sample.train_csv)
    assert images.dtype == np.uint8 and images.shape == (4000, 28, 28, 1)
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, frame["label"])
    np.testing.assert_array_equal(images.reshape(4000, 784), frame.drop(columns="label"))
    np.testing.assert_array_equal(load_test(sample).reshape(1000, 784), pd.read_csv(sample.test_csv))


def test_the_pixel_names_of_mnist_files_are_known(tmp_path):
    header = ",".join(["label", *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))])
    images, labels = read_train(write_train(tmp_path, header, make_row("7", "255")))
    assert labels.tolist() == [7] and images[0, 27, 27, 0] == 255


def test_mnist_itself_is_refused(tmp_path):
    with pytest.raises(InputError, match="60000 rows, as MNIST's training set has"):
        read_train(write_train(tmp_path, HEADER, *[make_row()] * 60_000))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "is empty"),
        ([HEADER, make_row(), make_row("10")], "data row 2: the label is 10"),
        ([HEADER, make_row(), make_row(num_pixels=500)], "data row 2 has 501 of 785 columns"),
        ([",".join(PIXEL_COLUMNS), make_row()], r"its columns are those of test\.csv; move it elsewhere"),
        ([HEADER.replace("pixel5,", "pixel_five,"), make_row()], "column 7 is 'pixel_five' and pixel5 is missing"),
    ],
)
def test_invalid_rows_are_named(tmp_path, lines, expected):
    with pytest.raises(InputError, match=expected):
        read_train(write_train(tmp_path, *lines))


def test_missing_file_names_the_remedy(tmp_path):
    with pytest.raises(InputError, match=r"scripts\.download_data"):
        load_train(Workspace(tmp_path))


def test_the_remedy_for_a_damaged_sample_is_the_sample(small):
    small.train_csv.write_text("nonsense")
    with pytest.raises(InputError, match=r"scripts\.download_data --sample$"):
        load_train(small)


def test_train_in_place_of_test_is_refused(sample, tmp_path):
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "test.csv").write_bytes(sample.train_csv.read_bytes())
    with pytest.raises(InputError, match=r"its columns are those of train\.csv"):
        load_test(Workspace(tmp_path))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("ImageId,Label\n1,2\n2,3\n", "2 rows"),
        ("ImageId,Label\n1,2\n3,2\n2,2\n", "data row 2: the ImageIds are not 1..3 in order"),
        ("ImageId,Label\n1,2\n2,3\n3,10\n", "data row 3: the Label is not a digit 0..9"),
        ("Id,Label\n1,2\n2,3\n3,1\n", "columns are not ImageId,Label"),
        ("", "is empty"),
        ("ImageId,Label\n1,2,3\n2,3\n", "data row 1 has 3 of 2 columns"),
    ],
)
def test_invalid_submissions_are_refused(tmp_path, table, expected):
    (tmp_path / "submission.csv").write_text(table)
    with pytest.raises(InputError, match=expected):
        read_submission(tmp_path / "submission.csv", 3)

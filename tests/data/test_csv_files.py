"""Reading, checking and unpacking the competition's files."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from src.common.arrays import fingerprint
from src.common.competition import PIXEL_COLUMNS
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train, read_submission, read_train
from src.data.downloads import unpack
from tests.conftest import files_below

HEADER = ",".join(("label", *PIXEL_COLUMNS))


def row(label="3", last="0", num_pixels=784):
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


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_reads_windows_line_ends_and_byte_order_mark(tmp_path, mark):
    path = tmp_path / "train.csv"
    path.write_bytes(mark + "\r\n".join([HEADER, row("7", "255"), ""]).encode())
    images, labels = read_train(path)
    assert labels.tolist() == [7] and images[0, 27, 27, 0] == 255


def test_reads_quoted_files(tmp_path):
    quoted = [",".join(f'"{cell}"' for cell in line.split(",")) for line in (HEADER, row("7", "255"))]
    images, labels = read_train(write_train(tmp_path, *quoted))
    assert labels.tolist() == [7] and images[0, 27, 27, 0] == 255


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "0..783|columns"),
        ([HEADER], "no rows"),
        ([HEADER, row(), row(last="256")], "data row 2, pixel783 is '256'"),
        ([HEADER, row(last="-1")], "data row 1, pixel783 is '-1'"),
        ([HEADER, row(), row(), row(last="x")], "data row 3, pixel783 is 'x'"),
        ([HEADER, row(last="0.5")], "data row 1, pixel783 is '0.5'"),
        ([HEADER, row(), row("10")], "data row 2: the label is 10"),
        ([HEADER, row(), row(last="")], "data row 2, pixel783 is ''"),
        ([HEADER, row(), row(num_pixels=500)], "data row 2 has 501 of 785 columns"),
        ([",".join(PIXEL_COLUMNS), row()], "looks like test.csv"),
        ([HEADER.replace(",", ", "), row(last="300")], "data row 1, pixel783 is '300'"),
        ([HEADER, "", ""], "no rows"),
        ([HEADER.replace("pixel5,", "pixel_five,"), row()], "785 columns"),
    ],
)
def test_bad_rows_are_named(tmp_path, lines, expected):
    with pytest.raises(InputError, match=expected):
        read_train(write_train(tmp_path, *lines))


def test_missing_file_names_the_remedy(tmp_path):
    with pytest.raises(InputError, match=r"scripts\.download_data"):
        load_train(Workspace(tmp_path))


def test_train_in_place_of_test_is_refused(sample, tmp_path):
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "test.csv").write_bytes(sample.train_csv.read_bytes())
    with pytest.raises(InputError, match=r"looks like train\.csv"):
        load_test(Workspace(tmp_path))


def test_fingerprint_follows_contents():
    zeros = np.zeros((2, 3), np.uint8)
    assert fingerprint(zeros) == fingerprint(zeros.copy())
    changed = zeros.copy()
    changed[1, 2] = 1
    assert fingerprint(changed) != fingerprint(zeros)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("ImageId,Label\n1,2\n2,3\n", "2 rows"),
        ("ImageId,Label\n1,2\n3,2\n2,2\n", "1..3 in order"),
        ("ImageId,Label\n1,2\n2,3\n3,10\n", "digit 0..9"),
        ("Id,Label\n1,2\n2,3\n3,1\n", "not ImageId,Label"),
        ("", "not a readable CSV"),
        ("ImageId,Label\n1,2,3\n2,3\n", "2 rows|not a readable CSV"),
    ],
)
def test_bad_submissions_are_refused(tmp_path, table, expected):
    (tmp_path / "submission.csv").write_text(table)
    with pytest.raises(InputError, match=expected):
        read_submission(tmp_path / "submission.csv", 3)


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_unpacks_the_competition_zip(tmp_path):
    train, test = HEADER + ("\n" + row("4", "9")) * 42_000, ",".join(PIXEL_COLUMNS) + ("\n" + row()[2:]) * 28_000
    submission = "ImageId,Label\n" + "".join(f"{i},0\n" for i in range(1, 28_001))
    members = {"train.csv": train, "test.csv": test, "sample_submission.csv": submission}
    workspace = Workspace(tmp_path)
    unpack(make_zip(tmp_path / "all.zip", members), workspace)
    assert files_below(workspace.input_dir) == set(members)
    images, labels = load_train(workspace)
    assert len(images) == 42_000 and set(labels) == {4}
    # One row less is no longer the competition's file, and the present files stay.
    short = make_zip(tmp_path / "short.zip", members | {"train.csv": train.rsplit("\n", 1)[0]})
    with pytest.raises(InputError, match="41999 rows"):
        unpack(short, workspace)
    assert len(load_train(workspace)[1]) == 42_000


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "holds no test.csv"),
        ({"../train.csv": "x", "test.csv": "x"}, "outside its directory"),
        ({"/etc/train.csv": "x"}, "outside its directory"),
        ({"train.csv": HEADER, "test.csv": "x", "sample_submission.csv": "x"}, "no rows"),
        ({"input/train.csv": "x"}, "holds no test.csv"),
    ],
)
def test_bad_zips_leave_nothing_behind(tmp_path, members, expected):
    workspace = Workspace(tmp_path / "workspace")
    with pytest.raises(InputError, match=expected):
        unpack(make_zip(tmp_path / "bad.zip", members), workspace)
    assert not files_below(workspace.root)
    assert not (tmp_path / "train.csv").exists()


@pytest.mark.parametrize("contents", [b"", b"<html>log in</html>", b"PK\x03\x04 cut short"])
def test_no_zip_is_refused(tmp_path, contents):
    (tmp_path / "bad.zip").write_bytes(contents)
    with pytest.raises(InputError, match="not a whole zip"):
        unpack(tmp_path / "bad.zip", Workspace(tmp_path / "workspace"))


def test_a_missing_zip_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.zip: there is no such file"):
        unpack(tmp_path / "nowhere.zip", Workspace(tmp_path / "workspace"))

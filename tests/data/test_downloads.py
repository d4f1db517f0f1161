"""The competition's zip file: unpacked safely, or refused without a trace."""

import zipfile

import pytest

from src.common.competition import PIXEL_COLUMNS
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_train
from src.data.downloads import unpack
from tests.conftest import files_below, snapshot

TRAIN_HEADER, TEST_HEADER = ",".join(("label", *PIXEL_COLUMNS)), ",".join(PIXEL_COLUMNS)
PIXELS = ",".join(["0"] * 783 + ["9"])


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_unpacks_the_competition_zip(tmp_path):
    train, test = TRAIN_HEADER + f"\n4,{PIXELS}" * 42_000, TEST_HEADER + f"\n{PIXELS}" * 28_000
    submission = "ImageId,Label\n" + "".join(f"{i},0\n" for i in range(1, 28_001))
    members = {"train.csv": train, "test.csv": test, "sample_submission.csv": submission}
    workspace = Workspace(tmp_path)
    unpack(make_zip(tmp_path / "all.zip", members), workspace)
    assert files_below(workspace.input_dir) == set(members)
    images, labels = load_train(workspace)
    assert len(images) == 42_000 and set(labels) == {4}
    # A file that lacks a row is not the competition's; the present files stay.
    before = snapshot(workspace.input_dir)
    short = make_zip(tmp_path / "short.zip", members | {"train.csv": train.rsplit("\n", 1)[0]})
    with pytest.raises(InputError, match="41999 rows"):
        unpack(short, workspace)
    assert snapshot(workspace.input_dir) == before


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "holds no test.csv"),
        ({"../train.csv": "x", "test.csv": "x"}, "lies outside its directory"),
        ({"/etc/train.csv": "x"}, "lies outside its directory"),
        ({"train.csv": TRAIN_HEADER, "test.csv": "x", "sample_submission.csv": "x"}, "no rows"),
        ({"input/train.csv": "x"}, "holds no test.csv"),
    ],
)
def test_invalid_zips_leave_nothing_behind(tmp_path, members, expected):
    workspace = Workspace(tmp_path / "workspace")
    with pytest.raises(InputError, match=expected):
        unpack(make_zip(tmp_path / "bad.zip", members), workspace)
    assert not files_below(workspace.root)
    assert not (tmp_path / "train.csv").exists()


@pytest.mark.parametrize("contents", [b"", b"<html>log in</html>", b"PK\x03\x04 cut short"])
def test_files_of_another_kind_are_refused(tmp_path, contents):
    (tmp_path / "bad.zip").write_bytes(contents)
    with pytest.raises(InputError, match="not a whole zip"):
        unpack(tmp_path / "bad.zip", Workspace(tmp_path / "workspace"))


def test_a_missing_zip_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.zip: there is no such file"):
        unpack(tmp_path / "nowhere.zip", Workspace(tmp_path / "workspace"))


def test_the_sample_is_not_replaced(sample, tmp_path):
    with pytest.raises(InputError, match="holds the embedded sample; use another workspace"):
        unpack(tmp_path / "some.zip", sample)

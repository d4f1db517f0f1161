"""The competition's files: taken from wherever they are, or refused without a trace."""

import zipfile

import pytest

from src.common.competition import PIXEL_COLUMNS
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_train
from src.data.downloads import require_no_files, unpack, verify_input
from tests.conftest import files_below, snapshot

TRAIN_HEADER, TEST_HEADER = ",".join(("label", *PIXEL_COLUMNS)), ",".join(PIXEL_COLUMNS)
PIXELS = ",".join(["0"] * 783 + ["9"])


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.fixture(scope="module")
def files():
    """The competition's files, all images the same."""
    submission = "ImageId,Label\n" + "".join(f"{i},0\n" for i in range(1, 28_001))
    return {
        "train.csv": TRAIN_HEADER + f"\n4,{PIXELS}" * 42_000,
        "test.csv": TEST_HEADER + f"\n{PIXELS}" * 28_000,
        "sample_submission.csv": submission,
    }


def test_unpacks_a_zip_and_replaces_nothing(tmp_path, files):
    workspace, archive = Workspace(tmp_path), make_zip(tmp_path / "all.zip", files)
    unpack([archive], workspace)
    unpack([archive], workspace)
    assert files_below(workspace.input_dir) == set(files)
    images, labels = load_train(workspace)
    assert len(images) == 42_000 and set(labels) == {4}
    workspace.train_csv.write_text("the user's own")
    before = snapshot(workspace.input_dir)
    with pytest.raises(InputError, match=r"train\.csv is another train\.csv, which is not replaced; move it elsewhere"):
        unpack([archive], workspace)
    assert snapshot(workspace.input_dir) == before
    unpack([archive], workspace, force=True)
    assert len(load_train(workspace).labels) == 42_000
    # A file that lacks a row is not the competition's.
    short = make_zip(tmp_path / "short.zip", files | {"train.csv": files["train.csv"].rsplit("\n", 1)[0]})
    with pytest.raises(InputError, match=r"short\.zip: train\.csv has 41999 rows.*download it again"):
        unpack([short], workspace, force=True)


def test_unpacks_a_directory_a_zip_of_one_and_single_files(tmp_path, files):
    directory = tmp_path / "digit-recognizer"
    directory.mkdir()
    for name in ("train.csv", "test.csv"):  # Without sample_submission.csv, which test.csv implies.
        (directory / name).write_text(files[name])
    members = {f"digit-recognizer/{name}": files[name] for name in files}
    zipped = make_zip(tmp_path / "Archive.zip", members | {"__MACOSX/digit-recognizer/._train.csv": "x"})
    loose = [directory / "test.csv", make_zip(tmp_path / "train.csv.zip", {"train.csv": files["train.csv"]})]
    for number, sources in enumerate(([directory], [zipped], loose)):
        workspace = Workspace(tmp_path / str(number))
        unpack(sources, workspace)
        assert workspace.train_csv.read_text() == files["train.csv"]
        assert workspace.sample_submission_csv.exists() == (sources == [zipped])
        verify_input(workspace)


@pytest.mark.parametrize("given", ["test.csv", "digit-recognizer.zip"])
def test_incomplete_files_are_named_before_other_data_are_used(tmp_path, given):
    workspace = Workspace(tmp_path)
    workspace.input_dir.mkdir()
    for name in (".gitkeep", "data_report.html", "data_report"):
        (workspace.input_dir / name).touch()
    require_no_files(workspace)
    (workspace.input_dir / given).touch()
    with pytest.raises(InputError, match=rf"holds {given} but no .*train\.csv; add"):
        require_no_files(workspace)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, "there is no test.csv in it"),
        ({"../train.csv": "x", "test.csv": "x"}, "lies outside its directory"),
        ({"/etc/train.csv": "x"}, "lies outside its directory"),
        ({"train.csv": TRAIN_HEADER, "test.csv": "x", "sample_submission.csv": "x"}, "no rows"),
        ({"a/train.csv": "x", "b/train.csv": "x"}, "train.csv is in it twice"),
    ],
)
def test_invalid_zips_leave_nothing_behind(tmp_path, members, expected):
    workspace = Workspace(tmp_path / "workspace")
    with pytest.raises(InputError, match=expected):
        unpack([make_zip(tmp_path / "bad.zip", members)], workspace)
    assert not files_below(workspace.root)
    assert not (tmp_path / "train.csv").exists()


@pytest.mark.parametrize("contents", [b"", b"<html>log in</html>", b"PK\x03\x04 cut short"])
def test_files_of_another_kind_are_refused(tmp_path, contents):
    (tmp_path / "bad.zip").write_bytes(contents)
    with pytest.raises(InputError, match="not a whole zip"):
        unpack([tmp_path / "bad.zip"], Workspace(tmp_path / "workspace"))


@pytest.mark.parametrize(("signature", "place"), [(b"PK\x01\x02", 46), (b"PK\x05\x06", 16)], ids=["name", "offset"])
def test_damage_in_the_directory_of_a_zip_is_found(tmp_path, signature, place):
    path = make_zip(tmp_path / "bad.zip", {"träin.csv": "x"})  # A name in UTF-8.
    data = bytearray(path.read_bytes())
    data[data.index(signature) + place] = 0xFF
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a whole zip"):
        unpack([path], Workspace(tmp_path / "workspace"))


def test_a_missing_zip_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.zip: there is no such file"):
        unpack([tmp_path / "nowhere.zip"], Workspace(tmp_path / "workspace"))


def test_the_sample_is_not_replaced(sample, tmp_path):
    with pytest.raises(InputError, match="holds the embedded sample; use another workspace"):
        unpack([tmp_path / "some.zip"], sample)

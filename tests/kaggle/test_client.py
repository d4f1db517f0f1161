"""The download, with the real kaggle package and a local stand-in for Kaggle's server."""

import random
import shutil
import zipfile

import pandas as pd
import pytest

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PIXEL_COLUMNS, SLUG
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.kaggle.client import download_competition
from tests.conftest import files_below, snapshot

MEBIBYTE = 2**20


@pytest.fixture(scope="module")
def competition_zip(tmp_path_factory):
    """The bytes of a zip in the competition's format, all images empty."""
    path = tmp_path_factory.mktemp("zip") / "all.zip"
    pixels = ",".join(["0"] * 784)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.csv", f"label,{','.join(PIXEL_COLUMNS)}\n" + f"1,{pixels}\n" * NUM_TRAIN_ROWS)
        archive.writestr("test.csv", f"{','.join(PIXEL_COLUMNS)}\n" + f"{pixels}\n" * NUM_TEST_ROWS)
        rows = "".join(f"{i},0\n" for i in range(1, NUM_TEST_ROWS + 1))
        archive.writestr("sample_submission.csv", "ImageId,Label\n" + rows)
        archive.writestr("more.bin", random.Random(0).randbytes(4 * MEBIBYTE))  # several of the client's blocks
    return path.read_bytes()


@pytest.mark.slow
def test_downloads_verifies_and_does_not_fetch_twice(kaggle, run_command, competition_zip, tmp_path):
    kaggle.contents = competition_zip
    result = run_command("download_data")
    assert result.returncode == 0, result.stderr
    inputs = tmp_path / "workspace" / "input"
    assert {"train.csv", "test.csv", "sample_submission.csv"} <= files_below(inputs)
    assert kaggle.requests == ["DownloadDataFiles", "GET from 0"]
    assert run_command("download_data").returncode == 0
    assert len(kaggle.requests) == 2


@pytest.mark.slow
def test_a_killed_download_is_resumed(kaggle, start_command, run_command, competition_zip, tmp_path):
    kaggle.contents, kaggle.stall_after = competition_zip, 3 * MEBIBYTE
    partial = tmp_path / "workspace" / "input" / ".download" / f"{SLUG}.zip"
    with start_command("download_data") as process:
        while not partial.exists() or partial.stat().st_size < MEBIBYTE:
            assert process.poll() is None
        process.kill()
    size = partial.stat().st_size
    kaggle.stall_after = None
    kaggle.requests.clear()
    result = run_command("download_data")
    assert result.returncode == 0, result.stderr
    assert f"GET from {size}" in kaggle.requests


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        ((403, "You must accept this competition's rules before you'll be able to download files."), "/rules"),
        ((401, "Unauthorized"), r"kaggle\.com/settings"),
        ((404, "Not found"), "whether the competition is still"),
        ((500, "Internal"), "try again later"),
    ],
)
def test_a_refusal_names_the_remedy(kaggle, account, small, refusal, remedy):
    kaggle.refusal = refusal
    before = snapshot(small.root)
    with pytest.raises(InputError, match=rf"(?s){refusal[1].split()[0]}.*{remedy}"):
        download_competition(small)
    assert snapshot(small.root) == before


def test_a_damaged_zip_is_refused_and_fetched_anew_the_next_time(kaggle, account, competition_zip, tmp_path):
    workspace = Workspace(tmp_path / "workspace")
    kaggle.contents = b"<html>please log in</html>"
    with pytest.raises(InputError, match="not a whole zip"):
        download_competition(workspace)
    assert not workspace.train_csv.exists()
    kaggle.contents = competition_zip
    download_competition(workspace)
    assert workspace.train_csv.exists()


def test_a_page_instead_of_the_zip_is_one_error(kaggle, account, small):
    small.test_labels_csv.unlink()  # by which the embedded sample is known
    kaggle.wants_login = True
    before = snapshot(small.root)
    with pytest.raises(InputError, match="Kaggle sent something else than the competition's zip"):
        download_competition(small)
    assert snapshot(small.root) == before


@pytest.mark.slow  # The package tries five times, with growing pauses.
def test_a_download_that_breaks_off_is_one_error(kaggle, run_command, competition_zip, tmp_path):
    """Kaggle announces more bytes than it sends, each time that the package tries again."""
    kaggle.contents, kaggle.claimed_length = competition_zip, len(competition_zip) + 100
    result = run_command("download_data")
    assert result.returncode == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("error:")]) == 1
    assert not (tmp_path / "workspace" / "input" / "train.csv").exists()
    kaggle.claimed_length = None
    assert run_command("download_data").returncode == 0


def test_present_files_are_verified(kaggle, run_command, small, tmp_path):
    (tmp_path / "workspace").mkdir()
    shutil.copytree(small.input_dir, tmp_path / "workspace" / "input")
    (tmp_path / "workspace" / "input" / "test_labels.csv").unlink()  # It marks the sample's workspace.
    result = run_command("download_data")
    assert result.returncode == 2 and "has 300 rows, not the competition's 42000" in result.stderr
    assert not kaggle.requests


def test_incomplete_files_are_not_replaced_by_the_sample(kaggle, run_command, small, tmp_path):
    inputs = tmp_path / "workspace" / "input"
    inputs.mkdir(parents=True)
    shutil.copy(small.train_csv, inputs)
    result = run_command("download_data", credentials=None)
    assert result.returncode == 2 and "holds train.csv but no test.csv" in result.stderr


def test_without_credentials_the_exit_code_is_3(kaggle, run_command):
    result = run_command("download_data", credentials=None)
    assert result.returncode == 3 and "there are no Kaggle credentials" in result.stderr
    assert not result.stdout and not kaggle.requests


@pytest.mark.slow
def test_from_download_to_score(kaggle, run_command, full_size_zip, tmp_path):
    kaggle.contents = full_size_zip.read_bytes()
    for command in (
        ("download_data",),
        ("make_folds", "--num-folds", "2"),
        ("train", "smoke"),
        ("evaluate",),
        ("ensemble", "smoke"),
        ("submit",),
        ("submissions",),
    ):
        result = run_command(*command)
        assert result.returncode == 0, result.stderr
    assert "99.714" in result.stdout
    submissions = tmp_path / "workspace" / "submissions"
    assert kaggle.uploads == [(submissions / "submission.csv").read_bytes()]
    assert pd.read_csv(submissions / "log.csv")["public_score"].tolist() == [0.99714]

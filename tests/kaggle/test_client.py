"""The download, with the real kaggle package against a server on this machine that speaks Kaggle's protocol."""

import json
import random
import shutil
import zipfile
from functools import partial

import pandas as pd
import pytest

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PIXEL_COLUMNS, SLUG
from tests.conftest import files_below, snapshot, write_noisy_zip

MEBIBYTE = 2**20


@pytest.fixture
def start_download(start_command):
    return partial(start_command, "download_data")


@pytest.fixture
def download(run_command):
    return partial(run_command, "download_data")


@pytest.fixture(scope="module")
def competition_zip(tmp_path_factory):
    path = tmp_path_factory.mktemp("zip") / "all.zip"
    pixels = ",".join(["0"] * 784)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.csv", f"label,{','.join(PIXEL_COLUMNS)}\n" + f"1,{pixels}\n" * NUM_TRAIN_ROWS)
        archive.writestr("test.csv", f"{','.join(PIXEL_COLUMNS)}\n" + f"{pixels}\n" * NUM_TEST_ROWS)
        rows = "".join(f"{i},0\n" for i in range(1, NUM_TEST_ROWS + 1))
        archive.writestr("sample_submission.csv", "ImageId,Label\n" + rows)
        archive.writestr("more.bin", random.Random(0).randbytes(4 * MEBIBYTE))  # several of the client's blocks
    return path.read_bytes()


def test_downloads_verifies_and_does_not_fetch_twice(kaggle, download, competition_zip, tmp_path):
    kaggle.contents = competition_zip
    result = download()
    assert result.returncode == 0, result.stderr
    inputs = tmp_path / "workspace" / "input"
    assert {"train.csv", "test.csv", "sample_submission.csv"} <= files_below(inputs)
    assert kaggle.requests == ["DownloadDataFiles", "GET from 0"]
    assert download().returncode == 0
    assert len(kaggle.requests) == 2
    assert "s3cret" not in result.stdout + result.stderr


def test_a_killed_download_is_resumed(kaggle, start_download, download, competition_zip, tmp_path):
    kaggle.contents, kaggle.stall_after = competition_zip, 3 * MEBIBYTE
    partial = tmp_path / "workspace" / "input" / ".download" / f"{SLUG}.zip"
    with start_download() as process:
        while not partial.exists() or partial.stat().st_size < MEBIBYTE:
            assert process.poll() is None
        process.kill()
    size = partial.stat().st_size
    kaggle.stall_after = None
    kaggle.requests.clear()
    result = download()
    assert result.returncode == 0, result.stderr
    assert f"GET from {size}" in kaggle.requests


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        ((403, "You must accept this competition's rules before you'll be able to download files."), "/rules"),
        ((401, "Unauthorized"), "kaggle.com/settings"),
        ((404, "Not found"), "whether the competition is still"),
        ((500, "Internal"), "try again later"),
    ],
)
def test_a_refusal_names_the_remedy(kaggle, download, small, refusal, remedy):
    kaggle.refusal = refusal
    before = snapshot(small.root)
    result = download("--force", workspace=small)
    assert result.returncode == 2, result.stderr
    assert snapshot(small.root) == before
    assert remedy in result.stderr and refusal[1].split()[0] in result.stderr
    assert "Traceback" not in result.stderr


def test_a_damaged_zip_is_refused_and_fetched_anew_the_next_time(kaggle, download, competition_zip, tmp_path):
    kaggle.contents = b"<html>please log in</html>"
    result = download()
    assert result.returncode == 2 and "not a whole zip" in result.stderr
    assert not (tmp_path / "workspace" / "input" / "train.csv").exists()
    kaggle.contents = competition_zip
    assert download().returncode == 0


def test_a_page_instead_of_the_zip_is_told(kaggle, download, competition_zip, small):
    kaggle.wants_login = True
    before = snapshot(small.root)
    result = download("--force", workspace=small)
    assert result.returncode == 2 and len([line for line in result.stderr.splitlines() if "error:" in line]) == 1
    assert snapshot(small.root) == before


@pytest.mark.slow  # the package tries five times, with growing pauses
def test_a_download_that_breaks_off_is_told(kaggle, download, competition_zip, tmp_path):
    """Kaggle announces more bytes than it sends, each time that the package tries again."""
    kaggle.contents, kaggle.claimed_length = competition_zip, len(competition_zip) + 100
    result = download()
    assert result.returncode == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("error:")]) == 1
    assert not (tmp_path / "workspace" / "input" / "train.csv").exists()
    kaggle.claimed_length = None
    assert download().returncode == 0


def test_a_token_works(kaggle, download, competition_zip):
    kaggle.contents = competition_zip
    result = download(credentials="token")
    assert result.returncode == 0, result.stderr
    assert "IntrospectToken" in kaggle.requests and "s3cret" not in result.stdout + result.stderr


CREDENTIAL_FILES = {
    ".kaggle/kaggle.json": {"username": "someone", "key": "s3cret"},
    ".config/kaggle/kaggle.json": {"username": "someone", "key": "s3cret"},
    ".kaggle/access_token": "KGAT_s3cret",
    ".kaggle/credentials.json": {"refresh_token": "s3cret", "username": "someone"},  # of `kaggle auth login`
}


def write_credentials(tmp_path, name):
    path = tmp_path / "home" / name
    path.parent.mkdir(parents=True)
    contents = CREDENTIAL_FILES[name]
    path.write_text(contents if isinstance(contents, str) else json.dumps(contents))
    path.chmod(0o600)


@pytest.mark.parametrize("name", CREDENTIAL_FILES)
def test_credentials_in_a_file_work(kaggle, run_command, tmp_path, name):
    write_credentials(tmp_path, name)
    result = run_command("submissions", credentials=None)
    assert result.returncode == 0, result.stderr
    assert "nothing was sent yet" in result.stdout and kaggle.requests[-1] == "ListSubmissions"


@pytest.mark.parametrize("name", [".kaggle/access_token", ".kaggle/credentials.json"])
def test_expired_credentials_in_a_file_are_not_taken_for_none(kaggle, run_command, tmp_path, name):
    write_credentials(tmp_path, name)
    kaggle.token_is_valid = False
    result = run_command("submissions", credentials=None)
    assert result.returncode == 2, result.stderr
    assert "does not accept your credentials" in result.stderr


def test_an_expired_token_is_not_taken_for_no_credentials(kaggle, download):
    kaggle.token_is_valid = False
    result = download(credentials="token")
    assert result.returncode == 2, result.stderr
    assert "does not accept your credentials" in result.stderr and "Traceback" not in result.stderr


def test_present_files_are_verified(kaggle, download, small, tmp_path):
    (tmp_path / "workspace").mkdir()
    shutil.copytree(small.input_dir, tmp_path / "workspace" / "input")
    result = download()
    assert result.returncode == 2 and "has 300 rows, not the competition's 42000" in result.stderr
    assert not kaggle.requests


def test_without_credentials_there_are_three_ways_to_go_on(kaggle, download):
    result = download(credentials=None)
    assert result.returncode == 3
    for way in ("KAGGLE_API_TOKEN", "--from-zip", "--sample"):
        assert way in result.stderr
    assert not result.stdout and not kaggle.requests


@pytest.mark.parametrize("credentials", ["key", "token"])
def test_no_network_is_one_sentence(kaggle, download, credentials):
    kaggle.shutdown()
    kaggle.server_close()
    result = download(credentials=credentials)
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr and "no connection to Kaggle" in result.stderr


@pytest.mark.slow
def test_from_download_to_score(kaggle, run_command, sample, tmp_path):
    kaggle.contents = write_noisy_zip(sample, tmp_path / "all.zip")
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

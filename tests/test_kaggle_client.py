"""The download, with the real kaggle package against a server on this machine that speaks Kaggle's protocol."""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from src.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PIXEL_COLUMNS, SLUG
from src.workspace import REPOSITORY
from tests.conftest import files_below

MEBIBYTE = 2**20


class Kaggle(ThreadingHTTPServer):
    """A stand-in for Kaggle: DownloadDataFiles redirects to a zip that can be read in ranges."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents = b""
        self.refusal = None  # (code, message)
        self.token_is_valid = True
        self.stall_after = None  # bytes
        self.shut_down = threading.Event()
        self.requests = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Kaggle

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        method = urlsplit(self.path).path.rsplit("/", 1)[-1]
        self.server.requests.append(method)
        if method == "IntrospectToken":
            self.answer(200, {"active": self.server.token_is_valid, "username": "someone"})
            return
        if self.server.refusal:
            code, message = self.server.refusal
            self.answer(code, {"code": code, "message": message})
            return
        self.send_response(302)
        self.send_header("Location", f"http://localhost/files/{SLUG}.zip")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def answer(self, code, contents):
        body = json.dumps(contents).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        contents = self.server.contents
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self.server.requests.append(f"GET from {start}")
        self.send_response(206 if start else 200)
        for name, value in {
            "Content-Length": len(contents) - start,
            "Content-Range": f"bytes {start}-{len(contents) - 1}/{len(contents)}",
            "Last-Modified": "Wed, 11 Dec 2019 00:00:00 GMT",
            "ETag": '"v1"',
            "Accept-Ranges": "bytes",
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(contents[start : self.server.stall_after])
        if self.server.stall_after is not None:
            self.server.shut_down.wait()

    def log_message(self, *arguments):
        """Keep the test's output clean."""


@pytest.fixture
def kaggle():
    server = Kaggle()
    yield server
    server.shut_down.set()
    server.shutdown()


@pytest.fixture
def start_download(kaggle, tmp_path):
    """Start the command with made-up credentials, so that the real ones of whoever runs the tests stay out of it."""

    def start(*arguments, credentials="key"):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DIGITS_WORKSPACE": str(tmp_path / "workspace"),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "HTTP_PROXY": f"http://127.0.0.1:{kaggle.server_port}",
        }
        if credentials == "key":
            environment |= {"KAGGLE_USERNAME": "someone", "KAGGLE_KEY": "s3cret"}
        if credentials == "token":
            environment |= {"KAGGLE_API_TOKEN": "KGAT_s3cret"}
        command = [sys.executable, "-m", "scripts.download_data", *arguments]
        return subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


@pytest.fixture
def download(start_download):
    """Run the command to its end."""

    def run(*arguments, credentials="key"):
        with start_download(*arguments, credentials=credentials) as process:
            stdout, stderr = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run


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
        ((500, "Internal"), "try again later"),
    ],
)
def test_a_refusal_names_the_remedy(kaggle, download, refusal, remedy):
    kaggle.refusal = refusal
    result = download()
    assert result.returncode == 2
    assert remedy in result.stderr and refusal[1].split()[0] in result.stderr
    assert "Traceback" not in result.stderr


def test_a_damaged_zip_is_refused_and_fetched_anew_the_next_time(kaggle, download, competition_zip, tmp_path):
    kaggle.contents = b"<html>please log in</html>"
    result = download()
    assert result.returncode == 2 and "not a whole zip" in result.stderr
    assert not (tmp_path / "workspace" / "input" / "train.csv").exists()
    kaggle.contents = competition_zip
    assert download().returncode == 0


def test_a_token_works(kaggle, download, competition_zip):
    kaggle.contents = competition_zip
    result = download(credentials="token")
    assert result.returncode == 0, result.stderr
    assert "IntrospectToken" in kaggle.requests and "s3cret" not in result.stdout + result.stderr


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

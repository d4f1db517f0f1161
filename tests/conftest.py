"""Shared fixtures: the embedded sample as a workspace, and a small part of it that trains in seconds."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import src  # noqa: F401  first, for the environment defaults of the libraries
from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PIXEL_COLUMNS
from src.common.workspace import REPOSITORY, Workspace
from src.data.csv_files import load_train
from src.data.folds import make_folds, save_folds
from src.data.sample import write_sample
from tests.kaggle_server import Kaggle


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also run the slow end-to-end tests, and those in a browser")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--all"):
        left_out = [item for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Of the application, as it is when nobody changes a limit."""
    from tests.app_server import Server  # Only its tests wait for the app's imports.

    with Server() as url:
        yield url


@pytest.fixture(scope="session")
def sample(tmp_path_factory) -> Workspace:
    """The embedded sample: 4,000 + 1,000 rows. Read only."""
    workspace = Workspace(tmp_path_factory.mktemp("sample"))
    write_sample(workspace)
    return workspace


@pytest.fixture(scope="session")
def sample_rows(sample) -> tuple[np.ndarray, np.ndarray]:
    """The sample's training images and labels. Read only."""
    return load_train(sample)


@pytest.fixture(scope="session")
def sample_small(sample):
    """Make a workspace of 300 + 60 rows of the sample in two folds."""

    def make(root: Path) -> Workspace:
        workspace = Workspace(root)
        workspace.input_dir.mkdir(parents=True)
        for name, num_rows in {
            "train.csv": 300,
            "test.csv": 60,
            "sample_submission.csv": 60,
            "test_labels.csv": 60,
        }.items():
            pd.read_csv(sample.input_dir / name, nrows=num_rows).to_csv(workspace.input_dir / name, index=False)
        save_folds(make_folds(*load_train(workspace), num_folds=2), workspace)
        return workspace

    return make


@pytest.fixture
def small(sample_small, tmp_path) -> Workspace:
    """300 + 60 rows of the sample in two folds, for a test to write to."""
    return sample_small(tmp_path / "small")


@pytest.fixture
def kaggle() -> Iterator[Kaggle]:
    server = Kaggle()
    yield server
    server.shut_down.set()
    server.shutdown()


@pytest.fixture
def start_command(kaggle, tmp_path):
    """Start a script that talks to Kaggle's stand-in, with made-up credentials: real ones stay out of it."""

    def start(script, *arguments, credentials="key", workspace=None):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "DIGITS_WORKSPACE": str(workspace.root if workspace else tmp_path / "workspace"),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "HTTP_PROXY": f"http://127.0.0.1:{kaggle.server_port}",
        }
        if credentials == "key":
            environment |= {"KAGGLE_USERNAME": "someone", "KAGGLE_KEY": "s3cret"}
        if credentials == "token":
            environment |= {"KAGGLE_API_TOKEN": "KGAT_s3cret"}
        command = [sys.executable, "-m", f"scripts.{script}", *arguments]
        return subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


@pytest.fixture
def run_command(start_command):
    """Run a script to its end; see `start_command`."""

    def run(*arguments, **options):
        with start_command(*arguments, **options) as process:
            stdout, stderr = process.communicate(timeout=300)
        assert "s3cret" not in stdout + stderr and "Traceback" not in stderr
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    return run


def write_noisy_zip(sample, path):
    """42,000 + 28,000 rows in the competition's format: the sample's images, each with noise of its own."""
    rng = np.random.default_rng(0)
    images, labels = load_train(sample)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, num_rows in {"train.csv": NUM_TRAIN_ROWS, "test.csv": NUM_TEST_ROWS}.items():
            rows = rng.integers(0, len(labels), num_rows)
            pixels = np.maximum(images[rows].reshape(num_rows, -1), rng.integers(0, 60, (num_rows, 784), np.uint8))
            frame = pd.DataFrame(pixels, columns=PIXEL_COLUMNS)
            if name == "train.csv":
                frame.insert(0, "label", labels[rows])
            archive.writestr(name, frame.to_csv(index=False))
        zeros = pd.DataFrame({"ImageId": np.arange(1, NUM_TEST_ROWS + 1), "Label": 0})
        archive.writestr("sample_submission.csv", zeros.to_csv(index=False))
    return path.read_bytes()


def snapshot(directory: Path) -> dict[str, bytes]:
    """What all files below a directory hold, by their names relative to it."""
    return {name: (directory / name).read_bytes() for name in files_below(directory)}


def files_below(directory: Path) -> set[str]:
    """Names of all files below a directory, relative to it."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


@contextmanager
def open_chromium():
    """A real browser, Debian's; for the tests that are marked `browser`."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "install chromium (Debian: apt install chromium), or leave out --all"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()

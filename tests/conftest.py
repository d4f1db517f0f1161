"""Shared fixtures: workspaces of the embedded sample, trained folds, a browser."""

import os
import shutil
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

# Set before NumPy is imported. Otherwise, the threads of test processes that share the cores wait in busy loops.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import pytest

import src  # noqa: F401  Imported first, as it sets the libraries' defaults in the environment.
from src.common.workspace import Workspace
from src.data.csv_files import load_train
from src.data.folds import make_folds, save_folds
from src.data.sample import write_sample


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also run the slow tests and those in a browser")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--all"):
        left_out = [item for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def no_label_issues(tmp_path_factory):
    """No rows are annotated by oof/label_issues.csv, so that no result of a test depends on its contents."""
    with pytest.MonkeyPatch.context() as patch:
        missing = tmp_path_factory.mktemp("no_label_issues") / "label_issues.csv"
        patch.setattr("src.evaluation.annotations.LABEL_ISSUES_CSV", missing)
        yield


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
    """A workspace of 300 + 60 rows of the sample in two folds, to write to."""
    return sample_small(tmp_path / "small")


@pytest.fixture(scope="session")
def trained_once(sample_small, tmp_path_factory) -> Workspace:
    """A workspace of 300 + 60 rows in which logistic_pca and smoke are trained on both folds. Read only."""
    from src.experiments import get_experiments  # Imported here, as loading Keras takes seconds.
    from src.validation import cross_validation
    from src.validation.runners.local import run_local

    workspace = sample_small(tmp_path_factory.mktemp("trained") / "workspace")
    cross_validation.run(get_experiments(["logistic_pca", "smoke"]), None, workspace, run_local)
    return workspace


@pytest.fixture
def trained(trained_once, tmp_path) -> Workspace:
    """A copy of `trained_once`, to write to."""
    return Workspace(shutil.copytree(trained_once.root, tmp_path / "trained"))


class _Recorder(BaseHTTPRequestHandler):
    """A proxy that passes nothing on and remembers who was to be asked."""

    def do_request(self):
        self.server.asked.append(f"{self.command} {self.path}")
        self.send_error(502)

    do_CONNECT = do_GET = do_HEAD = do_POST = do_PUT = do_request  # noqa: N815

    def log_message(self, *arguments):
        pass


@pytest.fixture
def offline(tmp_path):
    """The environment of a process that may ask no host but this one; the test fails if it tries.

    It names a proxy for everything else, and an empty home directory, in which no library may leave an identity. It has
    no credentials for Kaggle, and nothing that `src` has set in this process.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Recorder) as proxy:
        proxy.asked = []
        Thread(target=proxy.serve_forever).start()
        url, local, home = f"http://127.0.0.1:{proxy.server_port}", "127.0.0.1,localhost", tmp_path / "home"
        home.mkdir(exist_ok=True)
        names = ("http_proxy", "https_proxy", "all_proxy")
        variables = {name: url for lower in names for name in (lower, lower.upper())}
        kept = {name: os.environ[name] for name in ("PATH", "OPENBLAS_NUM_THREADS")}
        yield kept | variables | {"no_proxy": local, "NO_PROXY": local, "HOME": str(home)}
        proxy.shutdown()
        assert not proxy.asked
        assert not [name for name in files_below(home) if "Microsoft" in name or ".ray" in name]


def snapshot(directory: Path) -> dict[str, bytes]:
    """Return the contents of all files below a directory, by their names relative to it."""
    return {name: (directory / name).read_bytes() for name in files_below(directory)}


def files_below(directory: Path) -> set[str]:
    """Return the names of all files below a directory, relative to it."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, for the tests that are marked `browser`.

    It is closed after each module: while Playwright runs, nothing else in the process can start an event loop.
    """
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    assert chromium, "install chromium (Debian: apt install chromium), or leave out --all"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()

"""Shared fixtures: a local stand-in for Kaggle's server, an account there, and a workspace with a submission."""

import os
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PIXEL_COLUMNS
from src.common.workspace import REPOSITORY, Workspace
from src.evaluation.ensemble import make_ensemble
from tests.fold_results import save_fake_result
from tests.kaggle_server import KaggleServer


@pytest.fixture
def kaggle():
    """The stand-in for Kaggle's server."""
    server = KaggleServer()
    yield server
    server.stop()


@pytest.fixture
def make_environment(kaggle, tmp_path):
    """Make the environment of a process that uses the stand-in: credentials are a key, a token or None."""

    def make(credentials="key"):
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "HTTP_PROXY": f"http://127.0.0.1:{kaggle.server_port}",
        }
        if credentials == "key":
            environment |= {"KAGGLE_USERNAME": "someone", "KAGGLE_KEY": "s3cret"}
        if credentials == "token":
            environment |= {"KAGGLE_API_TOKEN": "KGAT_s3cret"}
        return environment

    return make


@pytest.fixture
def account(make_environment, monkeypatch, tmp_path):
    """Let the kaggle package in this process use the stand-in and made-up credentials."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_API_V1_TOKEN", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (make_environment() | {"KAGGLE_CONFIG_DIR": str(tmp_path)}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def start_command(make_environment, tmp_path):
    """Start a script that uses the stand-in and made-up credentials."""

    def start(script, *arguments, credentials="key", workspace=None):
        environment = make_environment(credentials)
        environment["DIGITS_WORKSPACE"] = str(workspace.root if workspace else tmp_path / "workspace")
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


@pytest.fixture(scope="session")
def finished_workspace(sample_small, tmp_path_factory):
    """A small workspace, not known as the embedded sample, with fold results and a submission. Read only."""
    workspace = sample_small(tmp_path_factory.mktemp("finished") / "workspace")
    workspace.test_labels_csv.unlink()
    for fold in (0, 1):
        save_fake_result(workspace, "a", fold)
        shutil.rmtree(workspace.checkpoint_dir("a", fold))
    make_ensemble(workspace)
    return workspace


@pytest.fixture
def finished(finished_workspace, tmp_path):
    """A copy of `finished_workspace` for a test to write to."""
    return Workspace(shutil.copytree(finished_workspace.root, tmp_path / "finished"))


@pytest.fixture(scope="session")
def full_size_zip(sample, tmp_path_factory):
    """A zip of 42,000 + 28,000 images in the competition's format: those of the sample, each with its own noise."""
    rng = np.random.default_rng(0)
    pixels = pd.read_csv(sample.train_csv).to_numpy(np.uint8)
    path = tmp_path_factory.mktemp("zip") / "full_size.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, num_rows in {"train.csv": NUM_TRAIN_ROWS, "test.csv": NUM_TEST_ROWS}.items():
            rows = rng.integers(0, len(pixels), num_rows)
            noisy = np.maximum(pixels[rows, 1:], rng.integers(0, 60, (num_rows, len(PIXEL_COLUMNS)), np.uint8))
            frame = pd.DataFrame(noisy, columns=PIXEL_COLUMNS)
            if name == "train.csv":
                frame.insert(0, "label", pixels[rows, 0])
            archive.writestr(name, frame.to_csv(index=False))
        zeros = pd.DataFrame({"ImageId": np.arange(1, NUM_TEST_ROWS + 1), "Label": 0})
        archive.writestr("sample_submission.csv", zeros.to_csv(index=False))
    return path

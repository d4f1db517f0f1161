"""Shared fixtures: the embedded sample as a workspace, and a small part of it that trains in seconds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import src  # noqa: F401  first, for the environment defaults of the libraries
from src.data import load_train
from src.folds import make_folds, save_folds
from src.sample import write_sample
from src.workspace import Workspace


def pytest_addoption(parser):
    parser.addoption("--all", action="store_true", help="also run the slow end-to-end tests")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--all"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


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


@pytest.fixture
def small(sample, tmp_path) -> Workspace:
    """300 + 60 rows of the sample in two folds, for a test to write to."""
    workspace = Workspace(tmp_path / "small")
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


def files_below(directory: Path) -> set[str]:
    """Names of all files below a directory, relative to it."""
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}

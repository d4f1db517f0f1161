"""Workspaces whose fold results the reports are tested with."""

import shutil
from dataclasses import replace
from functools import partial

import pytest

from src.common.workspace import Workspace
from src.data.datasets import Dataset, load_dataset
from src.data.folds import load_folds
from src.evaluation.ensemble import blend, write_submission
from src.validation.oof import load_oof_predictions
from tests.fold_results import save_predictions


@pytest.fixture(scope="session")
def compared(trained_once, tmp_path_factory) -> Workspace:
    """The folds of `trained_once`, and those of a small forest and of smoke on half of the rows. Read only."""
    from src.experiments import EXPERIMENTS  # Imported here, as loading Keras takes seconds.
    from src.models.estimators import forest_pca
    from src.training.classical_trainers import SklearnTrainer
    from src.validation.cross_validation import run
    from src.validation.runners.local import run_local

    workspace = Workspace(shutil.copytree(trained_once.root, tmp_path_factory.mktemp("compared") / "workspace"))
    forest = replace(EXPERIMENTS["forest_pca"], name="forest", trainer=SklearnTrainer(partial(forest_pca, num_trees=9)))
    half = replace(EXPERIMENTS["smoke"], name="smoke_50", train_fraction=0.5)
    run([forest, half], None, workspace, run_local)
    return workspace


@pytest.fixture(scope="session")
def two_experiments_once(sample_small, tmp_path_factory) -> Workspace:
    """Two made-up experiments and their blend; `first` has errors in rows 10..39, `second` in 30..49. Read only."""
    workspace = sample_small(tmp_path_factory.mktemp("two_experiments") / "workspace")
    save_predictions(workspace, "first", [0, 1], range(10, 40), history=[{"loss": 0.5, "valid_accuracy": 0.9}])
    save_predictions(workspace, "second", [0, 1], range(30, 50))
    folds = load_folds(workspace)
    members = [load_oof_predictions(workspace, name, folds) for name in ("first", "second")]
    write_submission(blend(members, folds.labels, folds.assignment), members, folds, workspace)
    return workspace


@pytest.fixture
def two_experiments(two_experiments_once, tmp_path) -> Workspace:
    """A copy of `two_experiments_once`, to write to."""
    return Workspace(shutil.copytree(two_experiments_once.root, tmp_path / "two_experiments"))


@pytest.fixture(scope="session")
def dataset(two_experiments_once) -> Dataset:
    """The images, labels and folds of `two_experiments_once`."""
    return load_dataset(two_experiments_once)

"""Made-up fold results, for tests of what reads them."""

import numpy as np

from src.data.datasets import load_dataset
from src.data.folds import load_folds
from src.validation.fold_results import FoldPredictions, FoldRecord, FoldResult, save_fold_result

RECORD = FoldRecord(
    experiment="a",
    fold=0,
    recipe={"train_fraction": 1.0},
    recipe_hash="abc",
    seed=0,
    fingerprints={},
    num_train_rows=150,
    num_valid_rows=150,
    valid_accuracy=1.0,
    train_accuracy=1.0,
    train_seconds=1.0,
    predict_seconds=0.1,
    inference_images_per_second=100.0,
    single_image_seconds=0.02,
    num_parameters=10,
    model_bytes=7,
    history=[],
    backend="test",
    device="cpu:0",
    precision="float32",
    python="3.11",
    versions={},
    processor="test",
    threads=1,
    commit=None,
)


def save_fake_result(workspace, experiment, fold, proba=None, **changes):
    """Save a fold result of the workspace `small` whose validation probabilities are rows of `proba` (300, 10).

    `changes` are fields of the record.
    """
    folds = load_folds(workspace)
    if proba is None:
        proba = np.random.default_rng(fold).dirichlet(np.ones(10), len(folds.labels))
    rows = folds.split(fold)[1]
    model = workspace.checkpoint_dir(experiment, fold) / "model.keras"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"weights")
    dataset = load_dataset(workspace)
    known = {"experiment": experiment, "fold": fold, "fingerprints": dataset.fingerprints()}
    test_proba = np.full((len(dataset.test_images), 10), 0.1, np.float32)
    predictions = FoldPredictions(rows, proba[rows].astype(np.float32), test_proba)
    save_fold_result(FoldResult(predictions, model, FoldRecord(**vars(RECORD) | known | changes)), workspace)


def save_predictions(workspace, experiment, chosen_folds, wrong_rows=(), **changes):
    """Save folds of an experiment that is right on all rows but `wrong_rows`; see `save_fake_result`."""
    labels = load_folds(workspace).labels.copy()
    labels[list(wrong_rows)] = (labels[list(wrong_rows)] + 1) % 10
    for fold in chosen_folds:
        save_fake_result(workspace, experiment, fold, np.eye(10)[labels] * 0.9 + 0.01, **changes)


def change_recipe(workspace, experiment):
    """Give the folds of an experiment the recipe hash of another recipe."""
    for path in (workspace.oof_dir / experiment).glob("fold_*.json"):
        path.write_text(path.read_text().replace('"recipe_hash": "abc"', '"recipe_hash": "other"'))

"""Fold results: complete or absent, and put together in row order."""

import numpy as np
import pytest

from src.common.errors import InputError
from src.data.datasets import load_dataset
from src.data.folds import load_folds
from src.validation.fold_results import FoldResult, list_trained, load_fold_record, save_fold_result
from src.validation.oof import load_oof_predictions, require_same_data
from tests.conftest import files_below


def save_fake_result(workspace, experiment, fold, proba=None, **changes):
    """Save a fold result whose validation probabilities are rows of `proba` (n, 10)."""
    folds = load_folds(workspace)
    if proba is None:
        proba = np.random.default_rng(fold).dirichlet(np.ones(10), 300)
    rows = folds.split(fold)[1]
    weights = workspace.checkpoint_dir(experiment, fold) / "model.keras"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"weights")
    record = {
        "experiment": experiment,
        "fold": fold,
        "recipe_hash": "abc",
        "fingerprints": load_dataset(workspace).fingerprints(),
        "processor": "test",
        "device": "cpu:0",
        "train_seconds": 1.0,
    } | changes
    test_proba = np.full((60, 10), 0.1, np.float32)
    save_fold_result(FoldResult(rows, proba[rows].astype(np.float32), test_proba, weights, record), workspace)


def test_round_trip_in_row_order(small):
    proba = np.random.default_rng(0).dirichlet(np.ones(10), 300).astype(np.float32)
    for fold in (1, 0):
        save_fake_result(small, "a", fold, proba)
    predictions = load_oof_predictions(small, "a", load_folds(small))
    np.testing.assert_array_equal(predictions.oof, proba)
    assert predictions.test.shape == (60, 10)
    assert [record.fold for record in predictions.records] == [0, 1]
    assert list_trained(small) == ["a"]


def test_saving_leaves_no_temporary_files(small):
    save_fake_result(small, "a", 0)
    saved = {name for name in files_below(small.oof_dir) if ".checkpoint" not in name}
    assert saved == {"a/fold_0.npz", "a/fold_0.json", "a/fold_0.keras"}


def test_a_half_written_fold_is_not_complete(small):
    for fold in (0, 1):
        save_fake_result(small, "a", fold)
    small.fold_path("a", 1, ".json").unlink()  # what a crash leaves: the record is written last
    assert load_fold_record(small, "a", 1) is None
    with pytest.raises(InputError, match=r"lacks folds 1; train them: python -m scripts\.train a"):
        load_oof_predictions(small, "a", load_folds(small))


def test_a_failed_save_leaves_the_fold_incomplete_and_no_temporary_file(small):
    record = {"experiment": "a", "fold": 0, "not for json": object()}
    weights = small.root / "model.keras"
    weights.write_bytes(b"")
    with pytest.raises(TypeError):
        save_fold_result(FoldResult(np.arange(1), np.ones((1, 10)), np.ones((1, 10)), weights, record), small)
    assert load_fold_record(small, "a", 0) is None
    assert not [name for name in files_below(small.oof_dir) if ".tmp" in name]


@pytest.mark.parametrize(("suffix", "keep"), [(".npz", 0), (".npz", 1000), (".json", 20)])
def test_a_damaged_file_names_the_remedy(small, suffix, keep):
    for fold in (0, 1):
        save_fake_result(small, "a", fold)
    path = small.fold_path("a", 1, suffix)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"fold_1.*damaged.*scripts\.train a --folds 1"):
        load_oof_predictions(small, "a", load_folds(small))


@pytest.mark.parametrize("name", ["train", "folds"])
def test_a_fold_of_other_data_is_refused(small, name):
    changed = load_dataset(small).fingerprints() | {name: "other"}
    save_fake_result(small, "a", 0)
    save_fake_result(small, "a", 1, fingerprints=changed)
    with pytest.raises(InputError, match=r"fold 1 of a is of other data or folds"):
        load_oof_predictions(small, "a", load_folds(small))


def test_folds_of_different_recipes_are_refused(small):
    save_fake_result(small, "a", 0)
    save_fake_result(small, "a", 1, recipe_hash="other")
    with pytest.raises(InputError, match="different recipes"):
        load_oof_predictions(small, "a", load_folds(small))


def test_members_of_different_test_images_are_refused(small):
    changed = load_dataset(small).fingerprints() | {"test": "other"}
    for fold in (0, 1):
        save_fake_result(small, "a", fold)
        save_fake_result(small, "b", fold, fingerprints=changed)
    members = [load_oof_predictions(small, name, load_folds(small)) for name in "ab"]
    require_same_data(members[:1])
    with pytest.raises(InputError, match="different data"):
        require_same_data(members)


def test_unknown_experiments_suggest_the_nearest(small):
    save_fake_result(small, "strided", 0)
    with pytest.raises(InputError, match="did you mean 'strided'"):
        load_oof_predictions(small, "stride", load_folds(small))


def test_a_record_of_another_fold_is_refused(small):
    save_fake_result(small, "a", 0)
    small.fold_path("a", 1, ".json").write_bytes(small.fold_path("a", 0, ".json").read_bytes())
    with pytest.raises(InputError, match=r"fold_1\.json is damaged"):
        load_fold_record(small, "a", 1)


def test_probabilities_that_are_none_are_refused(small):
    proba = np.full((300, 10), np.nan)
    for fold in (0, 1):
        save_fake_result(small, "a", fold, proba)
    with pytest.raises(InputError, match="does not hold this fold"):
        load_oof_predictions(small, "a", load_folds(small))

"""The folds of an experiment, put back together in row order."""

import numpy as np
import pytest

from src.common.errors import InputError
from src.data.datasets import load_dataset
from src.data.folds import load_folds
from src.validation.fold_results import list_trained
from src.validation.oof import load_oof_predictions, require_same_data
from tests.fold_results import save_fake_result


def test_round_trip_in_row_order(small):
    proba = np.random.default_rng(0).dirichlet(np.ones(10), 300).astype(np.float32)
    for fold in (1, 0):
        save_fake_result(small, "a", fold, proba)
    predictions = load_oof_predictions(small, "a", load_folds(small))
    np.testing.assert_array_equal(predictions.oof, proba)
    assert predictions.test.shape == (60, 10)
    assert [record.fold for record in predictions.records] == [0, 1]
    assert list_trained(small) == ["a"]


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


def test_folds_of_different_test_images_are_refused(small):
    save_fake_result(small, "a", 0)
    save_fake_result(small, "a", 1, fingerprints=load_dataset(small).fingerprints() | {"test": "other"})
    with pytest.raises(InputError, match="the folds of a were trained on different data"):
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


def test_probabilities_that_are_none_are_refused(small):
    proba = np.full((300, 10), np.nan)
    for fold in (0, 1):
        save_fake_result(small, "a", fold, proba)
    with pytest.raises(InputError, match="does not hold this fold"):
        load_oof_predictions(small, "a", load_folds(small))

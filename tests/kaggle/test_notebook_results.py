"""Saving the results that a notebook has left."""

import shutil

import pytest

from src.common.errors import InputError
from src.data.csv_files import load_train
from src.data.folds import make_folds, save_folds
from src.kaggle.notebook_results import adopt_results
from src.validation.fold_results import list_trained
from tests.fold_results import save_fake_result


def test_results_of_other_folds_are_refused(small, finished):
    shutil.rmtree(small.folds_csv.parent)
    save_folds(make_folds(*load_train(small), num_folds=2, seed=7), small)
    with pytest.raises(InputError, match="other data or folds"):
        adopt_results(finished.root, small)
    assert list_trained(small) == []


def test_results_for_other_test_images_are_refused(small, finished):
    lines = small.test_csv.read_text().splitlines()
    small.test_csv.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(InputError, match=r"with other test images than .*test\.csv"):
        adopt_results(finished.root, small)
    assert list_trained(small) == []


def test_folds_that_are_already_there_are_kept(small, finished):
    small.test_labels_csv.unlink()  # by which the embedded sample is known
    assert adopt_results(finished.root, small) == 2
    kept = small.fold_path("a", 0, ".npz").read_bytes()
    small.fold_path("a", 1, ".json").unlink()
    small.fold_path("a", 0, ".keras").write_bytes(b"its own")
    finished.checkpoint_dir("a", 1).mkdir()  # of a run that ended while it cleaned up
    assert adopt_results(finished.root, small) == 1
    assert small.fold_path("a", 0, ".npz").read_bytes() == kept
    assert small.fold_path("a", 0, ".keras").read_bytes() == b"its own"


def test_a_damaged_model_is_refused(small, finished):
    finished.fold_path("a", 1, ".keras").write_bytes(b"damaged")  # as many bytes
    with pytest.raises(InputError, match="the model of a, fold 1, was not downloaded completely"):
        adopt_results(finished.root, small)
    assert list_trained(small) == []


def test_folds_of_another_recipe_are_refused(small, finished):
    small.test_labels_csv.unlink()  # by which the embedded sample is known
    save_fake_result(small, "a", 0, recipe_hash="other")
    with pytest.raises(InputError, match="a was trained at Kaggle by another recipe"):
        adopt_results(finished.root, small)
    assert not small.fold_path("a", 1, ".json").exists()

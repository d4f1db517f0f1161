"""Folds: stratified, repeatable, near duplicates together, and checked when they are read."""

import re
import shutil

import numpy as np
import pytest

from src.common.arrays import fingerprint
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import load_train
from src.data.datasets import load_dataset
from src.data.folds import load_folds, make_folds, require_same_train, save_folds


def test_every_row_is_validated_once_and_digits_are_spread_evenly(sample_rows):
    images, labels = sample_rows
    folds = make_folds(images, labels, num_folds=5)
    validated = np.concatenate([folds.split(fold)[1] for fold in range(5)])
    assert sorted(validated) == list(range(len(labels)))
    for fold in range(5):
        train_rows, valid_rows = folds.split(fold)
        assert not set(train_rows) & set(valid_rows)
        counts = np.bincount(labels[valid_rows], minlength=10)
        assert counts.min() >= 78 and counts.max() <= 82  # 80 of each, but for near duplicates


def test_fractions_of_the_training_rows_are_stratified_and_nested(sample_rows):
    folds = make_folds(*sample_rows, num_folds=5)
    whole, tenth, third = (set(folds.split(1, fraction)[0]) for fraction in (1.0, 0.1, 0.3))
    assert tenth < third < whole and len(tenth) == pytest.approx(320, abs=5)
    counts = np.bincount(sample_rows[1][sorted(tenth)])
    assert counts.min() >= 31 and counts.max() <= 33
    np.testing.assert_array_equal(folds.split(1, 0.1)[1], folds.split(1)[1])


def test_same_input_gives_same_bytes_and_another_seed_others(sample_rows, tmp_path):
    written = []
    for name, seed in (("a", 42), ("b", 42), ("c", 7)):
        workspace = Workspace(tmp_path / name)
        save_folds(make_folds(*sample_rows, seed=seed), workspace)
        written.append(workspace.folds_csv.read_bytes() + workspace.folds_json.read_bytes())
    assert written[0] == written[1]
    assert written[0] != written[2]


def test_near_duplicates_share_a_fold(sample_rows):
    images, labels = sample_rows[0][:400], sample_rows[1][:400]
    brighter = np.minimum(images[:200].astype(int) + 3, 255).astype(np.uint8)  # 3 of 255 grey levels apart
    copies = images[200:300]
    folds = make_folds(np.concatenate([images, brighter, copies]), np.concatenate([labels, labels[:300]]), num_folds=4)
    np.testing.assert_array_equal(folds.assignment[400:600], folds.assignment[:200])
    np.testing.assert_array_equal(folds.assignment[600:], folds.assignment[200:300])
    assert folds.num_identical_pairs == 100
    assert folds.num_near_duplicate_pairs >= 200


@pytest.mark.parametrize("num_folds", [1, 0, 401])
def test_impossible_numbers_of_folds_are_refused(sample_rows, num_folds):
    with pytest.raises(InputError, match=r"2\.\.399"):  # Two of 400 images of the digit 1 are near duplicates.
        make_folds(*sample_rows, num_folds=num_folds)


def test_digits_without_different_images_are_refused(sample_rows):
    images, labels = sample_rows
    for wrong in (images[labels < 9], np.repeat(images[:1], 100, axis=0)):
        with pytest.raises(InputError, match="fewer than two different images"):
            make_folds(wrong, np.arange(len(wrong)) % 9)


def test_round_trip(small):
    folds = load_folds(small)
    assert folds.num_folds == 2 and len(folds.labels) == 300


def test_folds_of_other_data_are_refused(small, sample_rows):
    with pytest.raises(InputError, match="other data"):
        require_same_train(load_folds(small), fingerprint(*sample_rows), small)
    with pytest.raises(InputError, match="other data"):
        save_folds(make_folds(*sample_rows, num_folds=2), small)


def test_other_folds_do_not_replace_the_present_ones(small):
    before = small.folds_csv.read_bytes()
    with pytest.raises(InputError, match="use another workspace"):
        save_folds(make_folds(*load_train(small), num_folds=3), small)
    with pytest.raises(InputError, match="use another workspace"):
        save_folds(make_folds(*load_train(small), num_folds=2, seed=7), small)
    assert small.folds_csv.read_bytes() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(",0\n", ",x\n"),
        lambda text: "",
        lambda text: text[: len(text) // 2].rsplit("\n", 1)[0] + "\n",  # rows are missing
        lambda text: "\n".join([text.splitlines()[0], *text.splitlines()[:0:-1]]),  # another order
        lambda text: text.replace("\n0,", "\n0,1"),  # another row
    ],
)
def test_damaged_folds_are_refused(small, damage):
    small.folds_csv.write_text(damage(small.folds_csv.read_text()))
    with pytest.raises(InputError, match=r"restores the same folds"):
        load_dataset(small)


def test_labels_that_are_no_digits_are_refused(small):
    small.folds_csv.write_text(re.sub(r"\n(\d+),9,", r"\n\1,12,", small.folds_csv.read_text()))
    with pytest.raises(InputError, match=r"with the labels 0\.\.9"):
        load_folds(small)


def test_the_remedy_restores_the_same_folds(small):
    before = small.folds_csv.read_bytes() + small.folds_json.read_bytes()
    small.folds_csv.write_text("row,label,fold\n")
    with pytest.raises(InputError, match=r"delete the directory folds/ and run python -m scripts\.make_folds"):
        load_folds(small)
    shutil.rmtree(small.folds_csv.parent)
    save_folds(make_folds(*load_train(small), num_folds=2), small)
    assert small.folds_csv.read_bytes() + small.folds_json.read_bytes() == before


def test_lost_rows_are_not_taken_for_other_folds(small):
    lines = small.folds_csv.read_text().splitlines(keepends=True)
    small.folds_csv.write_text("".join(lines[:-1]))
    with pytest.raises(InputError, match=r"other rows or labels than train\.csv; .* restores the same folds"):
        save_folds(make_folds(*load_train(small), num_folds=2), small)


def test_truncated_record_is_refused(small):
    small.folds_json.write_text(small.folds_json.read_text()[:30])
    for command in (lambda: load_folds(small), lambda: save_folds(make_folds(*load_train(small), num_folds=2), small)):
        with pytest.raises(InputError, match="damaged"):
            command()


def test_a_record_with_values_of_other_types_is_refused(small):
    small.folds_json.write_text(small.folds_json.read_text().replace('"num_folds": 2', '"num_folds": "2"'))
    with pytest.raises(InputError, match=r"damaged \(.*num_folds"):
        load_folds(small)

"""Annotations: read, kept by pixel hash, and applied to the labels."""

import numpy as np
import pytest

from src.common.arrays import fingerprint
from src.common.errors import InputError
from src.common.workspace import LABEL_ISSUES_CSV
from src.data.csv_files import load_train
from src.data.datasets import load_dataset
from src.data.folds import load_folds
from src.evaluation import annotations
from src.evaluation.annotations import (
    COLUMNS,
    add_annotations,
    decide_labels,
    find_annotated_rows,
    load_annotations,
    load_decidable_labels,
    read_annotations,
)
from tests.annotations import write_annotations

HEADER = "pixel_hash,given_label,reading,verdict,note\n"
HASH = "0123456789abcdef"


@pytest.fixture(autouse=True)
def tracked(tmp_path, monkeypatch):
    """A file in place of the repository's list of label issues."""
    path = tmp_path / "label_issues.csv"
    path.write_text(HEADER)
    monkeypatch.setattr(annotations, "LABEL_ISSUES_CSV", path)
    return path


def test_the_tracked_list_is_read():
    assert list(read_annotations(LABEL_ISSUES_CSV)) == COLUMNS


def test_further_columns_are_ignored(tmp_path):
    path = tmp_path / "annotations.csv"
    path.write_text(f'confidence,{HEADER}0.9,{HASH},4,9,mislabelled,"closed, ""9"""\n')
    assert read_annotations(path).to_numpy().tolist() == [[HASH, "4", "9", "mislabelled", 'closed, "9"']]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "holds no annotations"),
        ("", "holds no annotations"),
        ("row,label,annotation\n3,4,mislabelled\n", "holds no annotations"),
        (f"{HEADER}{HASH[1:]},4,9,mislabelled,\n", "data row 1: the pixel_hash is not"),
        (f"{HEADER}{HASH},11,9,mislabelled,\n", "data row 1: the given_label is not"),
        (f"{HEADER}{HASH},4,nine,mislabelled,\n", "data row 1: the reading is neither"),
        (f"{HEADER}{HASH},4,4,mislabelled,\n", "data row 1: the verdict does not follow"),
        (f"{HEADER}{HASH},4,,fine,\n", "data row 1: the verdict does not follow"),
        (f"{HEADER}{HASH},4,9,mislabelled,\n{HASH},4,,undecidable,\n", "data row 2: the pixel_hash occurs twice"),
    ],
)
def test_damaged_files_are_refused_and_change_nothing(small, tmp_path, content, problem):
    path = tmp_path / "annotations.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=rf"{path}.* {problem}.*; correct it"):
        add_annotations(path, small)
    assert not small.annotations_csv.exists()


def test_the_workspace_takes_precedence_over_the_tracked_list_and_the_last_added_over_both(small, tmp_path, tracked):
    dataset = load_dataset(small)
    write_annotations(tracked, dataset, {3: "", 4: ""})
    digit = int(dataset.labels[3])
    add_annotations(write_annotations(tmp_path / "first.csv", dataset, {3: (digit + 1) % 10, 5: ""}), small)
    add_annotations(write_annotations(tmp_path / "second.csv", dataset, {3: digit}), small)
    found = find_annotated_rows(load_annotations(small), dataset.images, dataset.labels)
    assert found["verdict"].to_dict() == {3: "correct", 4: "undecidable", 5: "undecidable"}


def test_annotations_follow_the_images_into_another_order_and_the_verdict_the_present_label(small, tmp_path):
    dataset = load_dataset(small)
    path = write_annotations(tmp_path / "a.csv", dataset, {7: (dataset.labels[7] + 1) % 10, 8: dataset.labels[8]})
    reversed_labels = dataset.labels[::-1].copy()
    reversed_labels[299 - 7] = (dataset.labels[7] + 1) % 10  # Somebody has corrected it.
    found = find_annotated_rows(read_annotations(path), dataset.images[::-1], reversed_labels)
    assert found["verdict"].to_dict() == {291: "correct", 292: "correct"}
    assert found["note"].to_dict() == {291: "row 8", 292: "row 7"}


def test_undecidable_rows_are_left_out_and_mislabelled_ones_count_as_read(small, tmp_path):
    dataset = load_dataset(small)
    readings = {0: (dataset.labels[0] + 1) % 10, 1: "", 2: dataset.labels[2]}
    annotated = read_annotations(write_annotations(tmp_path / "a.csv", dataset, readings))
    decidable = decide_labels(dataset.labels, find_annotated_rows(annotated, dataset.images, dataset.labels))
    predicted = dataset.labels[:10].copy()
    predicted[[1, 2]] += 1
    score = decidable.measure(np.arange(10), predicted)
    assert (score.num_rows, score.accuracy) == (9, pytest.approx(7 / 9))  # Rows 0 and 2 are wrong, row 1 is left out.
    assert score.low < 7 / 9 < score.high


def test_without_annotated_rows_or_images_there_are_no_decidable_labels(small, tracked):
    folds = load_folds(small)
    assert load_decidable_labels(small, folds) is None
    tracked.write_text(f"{HEADER}{HASH},4,,undecidable,\n")
    assert load_decidable_labels(small, folds) is None  # The image is not in train.csv.
    image = fingerprint(load_train(small)[0][5])
    tracked.write_text(f"{HEADER}{image},{folds.labels[5]},,undecidable,\n")
    assert np.flatnonzero(~load_decidable_labels(small, folds).is_decidable).tolist() == [5]
    small.train_csv.unlink()
    assert load_decidable_labels(small, folds) is None

"""Findings about single rows."""

from dataclasses import replace

import numpy as np
import pytest

from src.common.errors import InputError
from src.evaluation.annotations import find_annotated_rows, read_annotations
from src.reports.row_findings import choose_rows, find_neighbors, inspect, load_predictions
from tests.annotations import write_annotations
from tests.fold_results import change_recipe, save_predictions


@pytest.fixture(scope="module")
def predictions(two_experiments_once, dataset):
    return load_predictions(two_experiments_once, dataset.folds)


@pytest.fixture
def annotated(dataset, tmp_path):
    """Row 30 is annotated."""
    path = write_annotations(tmp_path / "annotations.csv", dataset, {30: (dataset.labels[30] + 1) % 10})
    return find_annotated_rows(read_annotations(path), dataset.images, dataset.labels)


def test_all_experiments_and_the_blend_are_asked_as_far_as_they_are_trained(two_experiments, dataset, annotated):
    save_predictions(two_experiments, "unfinished", [1])
    save_predictions(two_experiments, "damaged", [0, 1])
    two_experiments.fold_path("damaged", 0, ".npz").write_bytes(b"")
    found = load_predictions(two_experiments, dataset.folds)
    assert list(found) == ["blend", "unfinished", "second", "first"]  # the best first
    outside, inside = (int(dataset.folds.split(fold)[1][0]) for fold in (0, 1))
    first, second = inspect([outside, inside], dataset, found, annotated)
    assert set(second.predictions) - set(first.predictions) == {"unfinished"}


def test_a_blend_of_older_results_is_left_out(two_experiments, dataset, capsys):
    change_recipe(two_experiments, "second")
    assert list(load_predictions(two_experiments, dataset.folds)) == ["second", "first"]
    assert "left out: second was trained by another recipe" in capsys.readouterr().err


def test_rows_are_chosen_by_all_conditions(predictions, dataset):
    def choose(**conditions):
        return choose_rows(predictions, dataset.labels, **conditions).tolist()

    assert choose(wrong_in=["first"], right_in=["second"]) == list(range(10, 30))
    assert choose(wrong_in=["first", "second"]) == list(range(30, 40))
    assert set(choose(wrong_in=["second"])[:10]) == set(range(30, 40))  # Both are wrong in these.
    label = int(dataset.labels[30])
    chosen = choose(label=label, read_as=(label + 1) % 10)
    assert set(chosen) == {row for row in range(10, 50) if dataset.labels[row] == label}


def test_an_unknown_experiment_is_named(predictions, dataset):
    with pytest.raises(InputError, match=r"no results of 'frist'; did you mean 'first'\?; there are those of: blend, "):
        choose_rows(predictions, dataset.labels, wrong_in=["frist"])


def test_neighbours_are_the_most_similar_other_images(dataset):
    images = dataset.images[:50].copy()
    images[7] = images[3]
    images[9] = images[3] - np.minimum(images[3], 5)
    found = find_neighbors(images, [3, 20])
    assert [row for row, _ in found[3][:2]] == [7, 9] and found[3][0][1] == 0
    differences = np.sqrt(((images[20] - images.astype(float)) ** 2).mean(axis=(1, 2, 3)))
    expected = [row for row in np.argsort(differences) if row != 20][:8]
    assert [row for row, _ in found[20]] == expected
    assert [difference for _, difference in found[20]] == pytest.approx(differences[expected], rel=1e-5)


def test_what_is_known_of_a_row(predictions, dataset, annotated):
    images, labels = dataset.images.copy(), dataset.labels.copy()
    images[7], labels[7] = images[30], (labels[30] + 1) % 10
    both_wrong, corrected = inspect([30, 10], replace(dataset, images=images, labels=labels), predictions, annotated)
    assert (both_wrong.fold, both_wrong.annotation) == (
        dataset.folds.assignment[30],
        f"mislabelled, reads {labels[7]} (row 30)",
    )
    assert both_wrong.predictions["first"] == (labels[7], pytest.approx(0.91), pytest.approx(0.01))
    assert {"first", "second"} <= set(both_wrong.wrong)
    assert both_wrong.corrected_by == [] and both_wrong.near_duplicates_disagree
    assert "second" in corrected.corrected_by and "first" not in corrected.corrected_by

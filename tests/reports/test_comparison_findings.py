"""Findings of the comparison of experiments."""

import pytest

from src.common.errors import InputError
from src.common.metrics import mcnemar_p_value
from src.data.folds import load_folds
from src.reports.comparison_findings import (
    LearningCurvePoint,
    compare_adjacent,
    find_blended,
    find_complementary_models,
    find_learning_curves,
    load_pipelines,
)
from src.validation.oof import load_oof_predictions
from tests.fold_results import change_recipe, save_predictions


def load(workspace, *names):
    folds = load_folds(workspace)
    return {name: load_oof_predictions(workspace, name, folds) for name in names}


def test_each_experiment_is_compared_with_the_next(small):
    labels = load_folds(small).labels
    for name, num_wrong in {"best": 0, "good": 6, "poor": 100}.items():
        save_predictions(small, name, [0, 1], wrong_rows=range(num_wrong))
    members = load(small, "best", "good", "poor")
    first, second = compare_adjacent(list(members.values()), labels)
    assert (first.better, first.worse, second.better, second.worse) == ("best", "good", "good", "poor")
    assert (first.gain, second.gain) == (pytest.approx(6 / 300), pytest.approx(94 / 300))
    assert (
        first.p_value == pytest.approx(2 * 0.5**6) == mcnemar_p_value(labels, members["best"].oof, members["good"].oof)
    )
    assert first.q_value == first.p_value  # the larger of the two
    assert second.q_value == pytest.approx(2 * second.p_value)


def test_one_experiment_is_compared_with_none(small):
    save_predictions(small, "only", [0, 1])
    assert compare_adjacent(list(load(small, "only").values()), load_folds(small).labels) == []


def test_a_learning_curve_joins_results_of_one_recipe_and_seed(small):
    half = {"name": "a_50", "seed": 0, "train_fraction": 0.5}
    save_predictions(small, "a", [0, 1], recipe={"name": "a", "seed": 0, "train_fraction": 1.0}, num_train_rows=150)
    save_predictions(small, "a_50", [0, 1], wrong_rows=range(9), recipe=half, num_train_rows=75)
    save_predictions(small, "a_seed_1", [0, 1], recipe={"name": "a_seed_1", "seed": 1, "train_fraction": 1.0})
    members = load(small, "a", "a_50", "a_seed_1").values()
    first = LearningCurvePoint(75, pytest.approx(0.03), pytest.approx((0.03 * 0.97 / 300) ** 0.5))
    assert find_learning_curves(members, load_folds(small).labels) == {"a": [first, LearningCurvePoint(150, 0.0, 0.0)]}


def test_a_model_with_other_errors_complements_the_blend_and_one_with_the_same_errors_does_not(small):
    save_predictions(small, "blended", [0, 1], wrong_rows=range(60))
    save_predictions(small, "other", [0, 1], wrong_rows=range(60, 120))
    save_predictions(small, "same", [0, 1], wrong_rows=range(60))
    found = find_complementary_models(["blended"], load(small, "blended", "other", "same"), load_folds(small))
    other, same = found
    assert (other.experiment, same.experiment) == ("other", "same")
    assert other.loss_gain > 0.3
    assert same.gain == 0 and same.loss_gain < 1e-6


def test_without_a_blend_nothing_complements_it(small):
    save_predictions(small, "other", [0, 1])
    assert find_complementary_models([], load(small, "other"), load_folds(small)) == []


def test_the_blend_is_found_only_as_it_was(two_experiments):
    members = load(two_experiments, "first", "second")
    assert find_blended(two_experiments, members) == ["first", "second"]
    assert find_blended(two_experiments, {"first": members["first"]}) == []
    change_recipe(two_experiments, "second")
    assert find_blended(two_experiments, load(two_experiments, "first", "second")) == []


def test_pipelines_are_loaded_and_networks_are_not(compared):
    assert set(load_pipelines(compared, ["logistic_pca", "smoke", "forest"])) == {"logistic_pca", "forest"}


def test_a_damaged_pipeline_is_named(trained):
    path = trained.fold_path("logistic_pca", 0, ".joblib")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=rf"{path} cannot be loaded .*scripts.train logistic_pca --folds 0"):
        load_pipelines(trained, ["logistic_pca"])

"""Findings of the error report."""

import numpy as np
import pandas as pd
import pytest

from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.datasets import load_dataset
from src.data.folds import make_folds, save_folds
from src.data.image_statistics import measure_stroke_width
from src.evaluation.label_issues import rank_label_issues
from src.reports.error_findings import (
    compare_errors,
    load_analyzed_model,
    make_error_table,
    measure_by_statistics,
    measure_folds,
)
from tests.fold_results import change_recipe, save_predictions


def test_errors_come_before_correct_rows_and_by_confidence(two_experiments, dataset):
    model = load_analyzed_model("blend", two_experiments, dataset.folds)
    errors, unsure = model.find_errors(dataset.labels), model.find_unsure(dataset.labels)
    is_correct = model.oof.argmax(axis=1) == dataset.labels
    assert sorted(errors) == np.flatnonzero(~is_correct).tolist()
    assert sorted(unsure) == np.flatnonzero(is_correct).tolist()
    confidence = model.oof.max(axis=1)
    assert (np.diff(confidence[errors]) <= 0).all() and (np.diff(confidence[unsure]) >= 0).all()


def test_the_accuracy_of_each_fold_has_an_interval(two_experiments, dataset):
    *folds, total = measure_folds(load_analyzed_model("first", two_experiments, dataset.folds), dataset.folds)
    in_fold = dataset.folds.assignment[10:40]
    assert [row.num_errors for row in folds] == [int((in_fold == fold).sum()) for fold in (0, 1)]
    assert (total.fold, total.num_rows, total.num_errors, total.accuracy) == ("all", 300, 30, 0.9)
    assert total.low == pytest.approx(0.8609, abs=1e-4)  # Wilson's interval, calculated by hand


def test_the_error_table_lists_what_each_experiment_predicts(two_experiments, dataset):
    table = make_error_table(load_analyzed_model("first", two_experiments, dataset.folds), dataset.folds)
    assert sorted(table["row"]) == list(range(10, 40))
    assert (table["label"] == dataset.labels[table["row"]]).all()
    assert (table["predicted"] == table["first"]).all()
    assert ((table["second"] != table["label"]) == (table["row"] >= 30)).all()
    assert table["label_probability"].tolist() == pytest.approx([0.01] * 30)


def test_the_overlap_of_errors(two_experiments, dataset):
    found = compare_errors(load_analyzed_model("blend", two_experiments, dataset.folds), dataset.folds)
    assert found.num_errors == {"first": 30, "second": 20} and found.num_common == 10
    assert found.overlaps["first", "second"] == found.overlaps["second", "first"] == 10 / 40
    assert set(found.contributions) == {"first", "second"}


def test_errors_in_thick_strokes_are_found_there(small):
    dataset = load_dataset(small)
    thickest = np.argsort(measure_stroke_width(dataset.images))[-30:]
    save_predictions(small, "thin", [0, 1], thickest)
    measured = measure_by_statistics(load_analyzed_model("thin", small, dataset.folds), dataset.labels, dataset.images)
    for table in measured.values():
        assert table["num_rows"].sum() == 300 and table["median"].is_monotonic_increasing
        assert (table["accuracy"] * table["num_rows"]).sum() == pytest.approx(270)
    by_width = measured["stroke width, pixels"]["accuracy"]
    assert by_width.iloc[-1] == 0 and (by_width.iloc[:-1] == 1).all()


def test_members_that_were_retrained_are_not_the_last_blend(two_experiments, dataset):
    change_recipe(two_experiments, "second")
    with pytest.raises(InputError, match="second was trained by another recipe since the last blend"):
        load_analyzed_model("blend", two_experiments, dataset.folds)


def test_without_a_blend_the_error_names_the_command(small):
    save_predictions(small, "first", [0, 1])
    with pytest.raises(InputError, match=r"no blend yet; make one: python -m scripts\.ensemble"):
        load_analyzed_model("blend", small, load_dataset(small).folds)


def test_other_experiments_are_left_out_if_they_are_damaged_or_of_a_fraction_of_the_rows(
    two_experiments, dataset, capsys
):
    save_predictions(two_experiments, "half", [0, 1], recipe={"train_fraction": 0.5})
    two_experiments.fold_path("second", 1, ".npz").write_bytes(b"")
    model = load_analyzed_model("first", two_experiments, dataset.folds)
    assert set(model.experiments) == {"first"}
    assert "left out: " in capsys.readouterr().err


@pytest.mark.slow
def test_flipped_labels_are_ranked_first(sample, tmp_path):
    """1 % of the sample's labels are flipped before training: at least 34 of these 40 are among the first 80 rows."""
    from src.experiments import get_experiments
    from src.validation.cross_validation import run
    from src.validation.runners.local import run_local

    workspace = Workspace(tmp_path / "flipped")
    workspace.input_dir.mkdir(parents=True)
    train = pd.read_csv(sample.train_csv)
    rng = np.random.default_rng(0)
    flipped = rng.choice(len(train), 40, replace=False)
    train.loc[flipped, "label"] = (train.loc[flipped, "label"] + rng.integers(1, 10, 40)) % 10
    train.to_csv(workspace.train_csv, index=False)
    for path in (sample.test_csv, sample.sample_submission_csv):
        (workspace.input_dir / path.name).write_bytes(path.read_bytes())
    pixels = train.drop(columns="label").to_numpy(np.uint8).reshape(-1, 28, 28, 1)
    save_folds(make_folds(pixels, train["label"].to_numpy()), workspace)
    run(get_experiments(["svm_hog"]), None, workspace, run_local)
    dataset = load_dataset(workspace)
    ranked = rank_label_issues(dataset.labels, load_analyzed_model("svm_hog", workspace, dataset.folds).oof)
    assert len(set(ranked[:80]) & set(flipped)) >= 34

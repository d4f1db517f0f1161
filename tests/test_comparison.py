"""The page that compares experiments, on experiments that were really trained."""

import re
from dataclasses import replace

import numpy as np
import pytest

from src.artifacts import load_predictions
from src.classifiers import SklearnClassifier
from src.cross_validation import run
from src.ensemble import blend, write_submission
from src.estimators import find_explained_variance, find_pixel_importance
from src.experiments import EXPERIMENTS, get_experiments
from src.folds import load_folds
from src.metrics import mcnemar
from src.reports.comparison import write_comparison
from src.runners.local import run_local
from src.scoreboard import make_scoreboard

SHARED = replace(EXPERIMENTS["smoke"], name="smoke_50", train_share=0.5)
TRAINED = ["svm_pca", "forest_pca", "logistic_pca", "smoke", "smoke_50"]


@pytest.fixture(scope="module")
def trained(sample_small, tmp_path_factory):
    workspace = sample_small(tmp_path_factory.mktemp("trained"))
    run([*get_experiments(TRAINED[:-1]), SHARED], None, workspace, run_local)
    return workspace


def write(workspace):
    folds = load_folds(workspace)
    write_comparison(make_scoreboard(workspace, folds), workspace, folds)
    return workspace.comparison_html.read_text()


def cells(page, heading):
    """The rows of the table below a heading, as lists of text."""
    table = page[page.index(f"<h2>{heading}") :].split("</table>")[0]
    rows = table.split("<tbody>")[1].split("<tr>")[1:]
    return [[re.sub("<[^>]*>", "", cell).strip() for cell in row.split("<td")[1:]] for row in rows]


def test_page_says_what_the_fold_results_say(trained):
    folds = load_folds(trained)
    members = {name: load_predictions(trained, name, folds) for name in TRAINED}
    chosen = [members["svm_pca"], members["smoke"]]
    write_submission(blend(chosen, folds.labels, folds.assignment), chosen, folds, trained)
    page = write(trained)
    assert not re.search(r"""(src|href)="(?!#|data:)|url\((?!#)|<script""", page)  # it requests nothing

    board = make_scoreboard(trained, folds)
    figures = cells(page, "All figures")
    assert [row[0].removeprefix(">") for row in figures] == list(board.experiment)
    assert f"{100 * board.oof_accuracy[0]:.3f} ± " in figures[0][3]

    whole = [name for name in board.experiment if name != "smoke_50"]
    neighbours = cells(page, "Are neighbours really different?")
    assert [row[0].removeprefix(">") for row in neighbours] == whole[:-1]
    p_value = mcnemar(folds.labels, members[whole[0]].oof, members[whole[1]].oof)
    assert neighbours[0][3].removeprefix(">") == ("&lt; 0.0001" if p_value < 0.0001 else f"{p_value:.4f}")

    helpers = cells(page, "Does a weak but different model help the blend?")
    assert {row[0].removeprefix(">") for row in helpers} == set(whole) - {"svm_pca", "smoke"}
    for heading in ("What accuracy costs", "Learning curves", "What trees look at", "Principal components"):
        assert "<svg" in page[page.index(f"<h2>{heading}") :]
    assert page.count("<svg") == 4


def test_page_without_a_complete_experiment_has_its_table(small):
    run(get_experiments(["logistic_pca"]), [1], small, run_local)
    page = write(small)
    assert len(cells(page, "All figures")) == 1 and "<svg" not in page


def test_importance_of_pixels_goes_through_the_principal_components(trained):
    forest = SklearnClassifier.load(trained.fold_path("forest_pca", 0, ".joblib")).pipeline
    importance = find_pixel_importance(forest)
    assert importance.shape == (28, 28) and importance.sum() == pytest.approx(1)
    assert importance[:3].mean() < 1 / 784 < importance[14, 14]  # the margin is nearly empty
    logistic = SklearnClassifier.load(trained.fold_path("logistic_pca", 0, ".joblib")).pipeline
    assert find_pixel_importance(logistic) is None
    variance = find_explained_variance(logistic)
    assert (np.diff(variance) > 0).all() and 0.85 < variance[-1] <= 1

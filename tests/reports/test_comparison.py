"""The page that compares experiments, on experiments that were really trained."""

import re
from dataclasses import replace

import numpy as np
import pytest

from src.common.errors import InputError
from src.common.metrics import mcnemar
from src.data.folds import load_folds
from src.evaluation.ensemble import blend, write_submission
from src.evaluation.scoreboard import make_scoreboard
from src.experiments import EXPERIMENTS, get_experiments
from src.models.classifiers import SklearnClassifier
from src.models.estimators import find_explained_variance, find_pixel_importance
from src.reports.comparison import _find_learning_curves, write_comparison
from src.validation.cross_validation import run
from src.validation.oof import load_oof_predictions
from src.validation.runners.local import run_local
from tests.evaluation.test_scoreboard import save_predictions

SHARED = replace(EXPERIMENTS["smoke"], name="smoke_50", train_fraction=0.5)
TRAINED = ["svm_pca", "forest_pca", "logistic_pca", "smoke", "smoke_50"]


@pytest.fixture(scope="module")
def trained(sample_small, tmp_path_factory):
    workspace = sample_small(tmp_path_factory.mktemp("trained") / "workspace")
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
    return [[re.sub("^[^>]*>|<[^>]*>", "", cell).strip() for cell in re.split("<t[hd]", row)[1:]] for row in rows]


def test_page_says_what_the_fold_results_say(trained):
    folds = load_folds(trained)
    members = {name: load_oof_predictions(trained, name, folds) for name in TRAINED}
    chosen = [members["svm_pca"], members["smoke"]]
    write_submission(blend(chosen, folds.labels, folds.assignment), chosen, folds, trained)
    page = write(trained)
    assert not re.search(r"""(src|href)="(?!#|data:)|url\((?!#)|<script""", page)  # it requests nothing

    board = make_scoreboard(trained, folds)
    figures = cells(page, "All figures")
    assert [row[0] for row in figures] == list(board.experiment)
    assert f"{100 * board.oof_accuracy[0]:.3f} ± " in figures[0][3]

    whole = [name for name in board.experiment if name != "smoke_50"]
    neighbours = cells(page, "Are neighbours really different?")
    assert [row[0] for row in neighbours] == whole[:-1]
    p_value = mcnemar(folds.labels, members[whole[0]].oof, members[whole[1]].oof)
    assert neighbours[0][3] == ("&lt; 0.0001" if p_value < 0.0001 else f"{p_value:.4f}")

    helpers = cells(page, "Does a weak but different model help the blend?")
    assert {row[0] for row in helpers} == set(whole) - {"svm_pca", "smoke"}
    for heading in ("What accuracy costs", "Learning curves", "What trees look at", "Principal components"):
        assert "<svg" in page[page.index(f"<h2>{heading}") :]
    assert page.count("<svg") == 4


def test_a_model_that_knows_what_the_blend_does_not_helps_it(small):
    """One that is right where the blend is wrong, and one that says the same."""
    folds = load_folds(small)
    save_predictions(small, "blended", [0, 1], wrong_rows=range(60), recipe={}, recipe_hash="abc")
    save_predictions(small, "knowing", [0, 1], wrong_rows=range(60, 120), recipe={"seed": 1})
    save_predictions(small, "same", [0, 1], wrong_rows=range(60), recipe={"seed": 2})
    chosen = [load_oof_predictions(small, "blended", folds)]
    write_submission(blend(chosen, folds.labels, folds.assignment), chosen, folds, small)
    helpers = {row[0]: row[1:] for row in cells(write(small), "Does a weak but different model help the blend?")}
    assert list(helpers) == ["knowing", "same"]
    assert float(helpers["knowing"][2].split(" ± ")[0]) > 0.3 and helpers["same"][1:] == [
        "+0.000 ± 0.000",
        "+0.00000 ± 0.00000",
    ]


@pytest.mark.parametrize("damage", ["{", "[]", '{"members": 3}', '{"members": {"blended": {}}}'])
def test_a_damaged_submission_is_named(small, damage):
    save_predictions(small, "blended", [0, 1], recipe={})
    small.submission_json.parent.mkdir()
    small.submission_json.write_text(damage)
    with pytest.raises(InputError, match=rf"{small.submission_json} is damaged"):
        write(small)
    assert not small.comparison_html.exists()


def test_a_damaged_model_is_named(small):
    run(get_experiments(["logistic_pca"]), None, small, run_local)
    path = small.fold_path("logistic_pca", 0, ".joblib")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError, match=rf"{path} cannot be loaded .*scripts.train logistic_pca --folds 0"):
        write(small)


def test_learning_curves_are_of_one_recipe_and_seed(small):
    save_predictions(small, "a", [0, 1], recipe={"name": "a", "seed": 0}, num_train_rows=150)
    save_predictions(
        small, "a_50", [0, 1], range(9), recipe={"name": "a_50", "seed": 0, "train_fraction": 0.5}, num_train_rows=75
    )
    save_predictions(small, "a_seed_1", [0, 1], recipe={"name": "a_seed_1", "seed": 1})
    folds = load_folds(small)
    curves = _find_learning_curves({n: load_oof_predictions(small, n, folds) for n in ("a", "a_50", "a_seed_1")}, folds)
    assert curves == {"a": [(75, pytest.approx(0.03), pytest.approx((0.03 * 0.97 / 300) ** 0.5)), (150, 0.0, 0.0)]}


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
    assert (np.diff(variance) >= 0).all() and 0.85 < variance[-1] <= 1 + 1e-9

"""The page that compares experiments, with experiments that were really trained."""

import re

import pytest

from src.common.errors import InputError
from src.common.metrics import mcnemar_p_value
from src.data.folds import load_folds
from src.evaluation.ensemble import blend, write_submission
from src.evaluation.scoreboard import make_scoreboard
from src.reports.comparison import write_comparison
from src.validation.oof import load_oof_predictions
from tests.fold_results import save_predictions


def write(workspace):
    folds = load_folds(workspace)
    write_comparison(make_scoreboard(workspace, folds), workspace, folds)
    return workspace.comparison_html.read_text()


def read_table(page, heading):
    """Return the body of the table below a heading: the texts of the cells of each row."""
    table = page[page.index(f"<h2>{heading}") :].split("</table>")[0]
    rows = table.split("<tbody>")[1].split("<tr>")[1:]
    return [[re.sub("^[^>]*>|<[^>]*>", "", cell).strip() for cell in re.split("<t[hd]", row)[1:]] for row in rows]


def test_the_page_shows_what_the_fold_results_hold(compared):
    folds = load_folds(compared)
    members = {name: load_oof_predictions(compared, name, folds) for name in ("logistic_pca", "smoke", "forest")}
    blended = [members["logistic_pca"], members["smoke"]]
    write_submission(blend(blended, folds.labels, folds.assignment), blended, folds, compared)
    page = write(compared)
    assert not re.search(r"""src="(?!data:)|<link|url\((?!#)|<script""", page)  # It loads nothing.

    board = make_scoreboard(compared, folds)
    scores = read_table(page, "All scores")
    assert [row[0] for row in scores] == list(board.experiment)
    assert f"{100 * board.oof_accuracy[0]:.3f} ± " in scores[0][3]

    of_all_rows = [name for name in board.experiment if name != "smoke_50"]
    comparisons = read_table(page, "Significance of differences")
    assert [row[0] for row in comparisons] == of_all_rows[:-1]
    p_value = mcnemar_p_value(folds.labels, members[of_all_rows[0]].oof, members[of_all_rows[1]].oof)
    assert comparisons[0][3] == ("&lt; 0.0001" if p_value < 0.0001 else f"{p_value:.4f}")

    assert [row[0] for row in read_table(page, "Complementary models")] == ["forest"]
    for heading in ("Error and cost", "Learning curves", "Pixel importance", "Principal components"):
        assert "<svg" in page[page.index(f"<h2>{heading}") :].split("<h2>")[1]
    assert page.count("<svg") == 4


def test_without_an_experiment_with_all_folds_the_page_has_only_the_scores(small):
    save_predictions(small, "unfinished", [1])
    page = write(small)
    assert len(read_table(page, "All scores")) == 1
    assert page.count("<table>") == 1 and "<svg" not in page


@pytest.mark.parametrize("content", ["{", "[]", '{"members": 3}', '{"members": {"blended": {}}}'])
def test_a_damaged_submission_is_named(small, content):
    save_predictions(small, "blended", [0, 1], wrong_rows=range(9))
    small.submission_json.parent.mkdir()
    small.submission_json.write_text(content)
    with pytest.raises(InputError, match=rf"{small.submission_json} is damaged"):
        write(small)
    assert not small.comparison_html.exists()

"""The page oof/comparison.html: all experiments side by side, from their fold results."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from src.common.metrics import compute_digit_metrics
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.models.estimators import compute_explained_variance, compute_pixel_importance
from src.reports import comparison_plots
from src.reports.comparison_findings import (
    compare_adjacent,
    find_blended,
    find_complementary_models,
    find_learning_curves,
    load_pipelines,
)
from src.reports.index import write_report
from src.reports.plots import render_svg
from src.validation.oof import load_oof_predictions


def write_comparison(board: pd.DataFrame, workspace: Workspace, folds: Folds) -> None:
    """Write oof/comparison.html.

    Experiments that lack a fold appear in the first table only. Experiments that were trained on a fraction of the rows
    appear there and among the learning curves.

    Args:
        board: the scoreboard, best first, at least one row.
        workspace: where the fold results are and the page goes.
        folds: the folds of the workspace.

    Raises:
        InputError: a fold result or submission.json is damaged.
    """
    complete = board[board.folds_done == folds.num_folds].experiment
    with_fractions = {name: load_oof_predictions(workspace, name, folds) for name in complete}
    members = {name: member for name, member in with_fractions.items() if member.train_fraction == 1}
    pipelines = load_pipelines(workspace, members)
    importances = {name: compute_pixel_importance(pipeline) for name, pipeline in pipelines.items()}
    variances = {name: compute_explained_variance(pipeline) for name, pipeline in pipelines.items()}
    compared = board[board.experiment.isin(members)]
    blended = find_blended(workspace, members)
    write_report(
        workspace.comparison_html,
        "comparison.html",
        "python -m scripts.evaluate --html",
        workspace,
        num_rows=len(folds.labels),
        num_folds=folds.num_folds,
        board=board.to_dict("records"),
        has_decidable="decidable_accuracy" in board,
        digits={
            name: compute_digit_metrics(folds.labels, member.oof).to_dict("records") for name, member in members.items()
        },
        costs=render_svg(comparison_plots.draw_costs, compared, folds.num_folds) if members else "",
        comparisons=compare_adjacent(list(members.values()), folds.labels),
        learning_curves=_render(
            comparison_plots.draw_learning_curves, find_learning_curves(with_fractions.values(), folds.labels)
        ),
        importances=_render(comparison_plots.draw_pixel_importances, importances),
        variances=_render(comparison_plots.draw_explained_variances, variances),
        blended=blended,
        complementary_models=find_complementary_models(blended, members, folds),
    )


def _render(draw: Callable[[dict[str, Any]], Figure], values: dict[str, Any]) -> Markup | str:
    """Draw the values that are not None; without any, there is no figure."""
    present = {name: value for name, value in values.items() if value is not None}
    return render_svg(draw, present) if present else ""

"""oof/comparison.html: every experiment beside the others, from the fold results alone."""

import json
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from src import estimators
from src.artifacts import Predictions, load_predictions
from src.classifiers import SklearnClassifier
from src.ensemble import choose_weights, mix_nested
from src.folds import Folds
from src.metrics import accuracy, accuracy_gain, cross_entropy, mcnemar, measure_digits
from src.reports import plots
from src.reports.pages import write_page
from src.workspace import Workspace


def write_comparison(board: pd.DataFrame, workspace: Workspace, folds: Folds) -> None:
    """Write the page.

    Experiments that lack a fold are in its first table alone, those that learn from a share of the rows also among the
    learning curves.

    Args:
        board: the scoreboard, best first, at least one row.

    Raises:
        InputError: a fold result is damaged.
    """
    complete = board[board.folds_done == folds.num_folds].experiment
    all_members = {name: load_predictions(workspace, name, folds) for name in complete}
    members = {name: member for name, member in all_members.items() if "train_share" not in member.records[0]["recipe"]}
    pipelines = _load_pipelines(workspace, list(members))
    blended = _find_blended(workspace, members)
    write_page(
        workspace.comparison_html,
        "comparison.html",
        num_rows=len(folds.labels),
        num_folds=folds.num_folds,
        board=board.to_dict("records"),
        digits={name: measure_digits(folds.labels, member.oof).f1.tolist() for name, member in members.items()},
        costs=plots.draw_costs(board[board.experiment.isin(members)], folds.num_folds) if members else "",
        neighbours=_compare_neighbours(list(members.values()), folds),
        learning_curves=_draw(plots.draw_learning_curves, _find_learning_curves(all_members, folds)),
        importances=_draw(plots.draw_heat_maps, _collect(pipelines, estimators.find_pixel_importance)),
        variances=_draw(plots.draw_variances, _collect(pipelines, estimators.find_explained_variance)),
        blended=blended,
        helpers=_find_helpers(blended, members, folds),
    )


def _draw(draw: Callable[[dict[str, Any]], str], values: dict[str, Any]) -> str:
    return draw(values) if values else ""


def _load_pipelines(workspace: Workspace, experiments: list[str]) -> dict[str, Any]:
    """The pipelines of fold 0, of the experiments that are such."""
    paths = {name: workspace.fold_path(name, 0, SklearnClassifier.suffix) for name in experiments}
    return {name: SklearnClassifier.load(path).pipeline for name, path in paths.items() if path.exists()}


def _collect(pipelines: dict[str, Any], find: Callable[[Any], np.ndarray | None]) -> dict[str, np.ndarray]:
    found = {name: find(pipeline) for name, pipeline in pipelines.items()}
    return {name: value for name, value in found.items() if value is not None}


def _compare_neighbours(members: list[Predictions], folds: Folds) -> list[dict[str, Any]]:
    """Each experiment, best first, with the next best."""
    rows = []
    for better, worse in pairwise(members):
        gain, error = accuracy_gain(folds.labels, better.oof, worse.oof)
        p_value = mcnemar(folds.labels, better.oof, worse.oof)
        rows.append(
            {"better": better.experiment, "worse": worse.experiment, "gain": gain, "error": error, "p_value": p_value}
        )
    return rows


def _find_learning_curves(members: dict[str, Predictions], folds: Folds) -> dict[str, list[tuple[int, float]]]:
    """Training rows of a fold and error (a share) of recipes that were trained on several shares of the rows."""
    curves: dict[str, list[tuple[int, float]]] = defaultdict(list)
    names: dict[str, str] = {}
    for name, member in members.items():
        recipe = json.dumps(member.records[0]["recipe"]["trainer"], sort_keys=True)
        names[recipe] = min(name, names.get(recipe, name), key=len)
        curves[recipe].append((member.records[0]["num_train_rows"], 1 - accuracy(folds.labels, member.oof)))
    return {names[recipe]: sorted(points) for recipe, points in curves.items() if len(points) > 1}


def _find_blended(workspace: Workspace, members: dict[str, Predictions]) -> list[str]:
    """The members of the last submission, those that are (still) complete."""
    if not workspace.submission_json.exists():
        return []
    return [name for name in json.loads(workspace.submission_json.read_text())["members"] if name in members]


def _find_helpers(blended: list[str], members: dict[str, Predictions], folds: Folds) -> list[dict[str, Any]]:
    """What each other experiment would add to the plain mean of the blended ones, by nested cross-validation."""
    if not blended:
        return []
    mean = np.stack([members[name].oof for name in blended]).mean(axis=0, dtype=np.float64)
    rows = []
    for name in members.keys() - set(blended):
        pair = np.stack([mean, members[name].oof])
        together = mix_nested(pair, folds.labels, folds.assignment)
        gain, error = accuracy_gain(folds.labels, together, mean)
        rows.append(
            {
                "experiment": name,
                "weight": choose_weights(pair, folds.labels)[1],
                "gain": gain,
                "error": error,
                "log_loss_gain": cross_entropy(folds.labels, mean) - cross_entropy(folds.labels, together),
            }
        )
    return sorted(rows, key=lambda row: -row["log_loss_gain"])

"""oof/comparison.html: every experiment beside the others, from the fold results alone."""

import json
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import false_discovery_control

from src.common.errors import InputError
from src.common.metrics import (
    accuracy,
    accuracy_gain,
    compute_digit_metrics,
    log_loss_gain,
    mcnemar_p_value,
    standard_error,
)
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.evaluation.calibration import scale_nested
from src.evaluation.ensemble import choose_weights, load_blended_recipes, mix_nested
from src.models import estimators
from src.models.classifiers import SklearnClassifier
from src.reports import plots
from src.reports.pages import write_page
from src.validation.fold_results import train_command
from src.validation.oof import OofPredictions, load_oof_predictions


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
    all_members = {name: load_oof_predictions(workspace, name, folds) for name in complete}
    members = {name: member for name, member in all_members.items() if "train_fraction" not in member.records[0].recipe}
    importances, variances = _look_into_pipelines(workspace, list(members))
    blended = _find_blended(workspace, members)
    write_page(
        workspace.comparison_html,
        "comparison.html",
        num_rows=len(folds.labels),
        num_folds=folds.num_folds,
        board=board.to_dict("records"),
        digits={
            name: compute_digit_metrics(folds.labels, member.oof).to_dict("records") for name, member in members.items()
        },
        costs=plots.render(plots.draw_costs, board[board.experiment.isin(members)], folds.num_folds) if members else "",
        neighbours=_compare_neighbours(list(members.values()), folds),
        learning_curves=_draw(plots.draw_learning_curves, _find_learning_curves(all_members, folds)),
        importances=_draw(plots.draw_heat_maps, importances),
        variances=_draw(plots.draw_variances, variances),
        blended=blended,
        helpers=_find_helpers(blended, members, folds),
    )


def _draw(draw: Callable[[dict[str, Any]], Figure], values: dict[str, Any]) -> str:
    return plots.render(draw, values) if values else ""


def _look_into_pipelines(
    workspace: Workspace, experiments: list[str]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Importances of the pixels and explained variances in the pipelines of fold 0, where there are such."""
    importances, variances = {}, {}
    for name in experiments:
        path = workspace.fold_path(name, 0, SklearnClassifier.suffix)
        if path.exists():  # a network has none
            try:
                pipeline = SklearnClassifier.load(path).pipeline
            except Exception as error:  # a damaged or outdated file fails in many ways
                record = path.with_suffix(".json")
                raise InputError(
                    f"{path} cannot be loaded ({error}); delete {record} and run: {train_command(name, 0)}"
                ) from None
            importances[name] = estimators.compute_pixel_importance(pipeline)
            variances[name] = estimators.compute_explained_variance(pipeline)
    return _without_none(importances), _without_none(variances)


def _without_none(values: dict[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    return {name: value for name, value in values.items() if value is not None}


def _compare_neighbours(members: list[OofPredictions], folds: Folds) -> list[dict[str, Any]]:
    """Each experiment, best first, with the next best."""
    rows = []
    for better, worse in pairwise(members):
        gain, error = accuracy_gain(folds.labels, better.oof, worse.oof)
        p_value = mcnemar_p_value(folds.labels, better.oof, worse.oof)
        rows.append(
            {"better": better.experiment, "worse": worse.experiment, "gain": gain, "error": error, "p_value": p_value}
        )
    adjusted = false_discovery_control([row["p_value"] for row in rows]) if rows else []
    return [row | {"adjusted": float(value)} for row, value in zip(rows, adjusted, strict=True)]


def _find_learning_curves(
    members: dict[str, OofPredictions], folds: Folds
) -> dict[str, list[tuple[int, float, float]]]:
    """Training rows of a fold, error and its standard error (shares) of recipes that learnt from several shares."""
    curves: dict[str, dict[str, tuple[int, float, float]]] = defaultdict(dict)
    for name, member in members.items():
        recipe = {
            key: value for key, value in member.records[0].recipe.items() if key not in ("name", "train_fraction")
        }
        share = accuracy(folds.labels, member.oof)
        point = member.records[0].num_train_rows, 1 - share, standard_error(share, len(folds.labels))
        curves[json.dumps(recipe, sort_keys=True)][name] = point
    return {min(points, key=len): sorted(points.values()) for points in curves.values() if len(points) > 1}


def _find_blended(workspace: Workspace, members: dict[str, OofPredictions]) -> list[str]:
    """The members of the last submission; none if they are not complete here, by the same recipes."""
    recipes = load_blended_recipes(workspace)
    present = {name: member.records[0].recipe_hash for name, member in members.items()}
    return list(recipes) if recipes.items() <= present.items() else []


def _find_helpers(blended: list[str], members: dict[str, OofPredictions], folds: Folds) -> list[dict[str, Any]]:
    """What each other experiment would add to the plain mean of the blended ones, by nested cross-validation.

    Temperatures come first, or a model would seem to help that only makes the blend more, or less, sure.
    """
    if not blended:
        return []
    labels, assignment = folds.labels, folds.assignment
    mean = np.stack([members[name].oof for name in blended]).mean(axis=0, dtype=np.float64)
    mean = scale_nested(mean, labels, assignment)
    rows = []
    for name in members.keys() - set(blended):
        pair = np.stack([mean, scale_nested(members[name].oof, labels, assignment)])
        together = mix_nested(pair, labels, assignment)
        gain, error = accuracy_gain(labels, together, mean)
        loss_gain, loss_error = log_loss_gain(labels, together, mean)
        weight = choose_weights(pair, labels)[1]
        rows.append(
            {"experiment": name, "weight": weight, "gain": gain, "error": error}
            | {"loss_gain": loss_gain, "loss_error": loss_error}
        )
    return sorted(rows, key=lambda row: -row["loss_gain"])

"""Plots of the comparison of experiments."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from src.reports.comparison_findings import LearningCurvePoint
from src.reports.plots import use_plain_numbers


def draw_costs(board: pd.DataFrame, num_folds: int) -> Figure:
    """Draw the OOF error of experiments over training time, prediction time and model size.

    Args:
        board: rows of the scoreboard, of experiments that have all folds.
        num_folds: the number of folds.
    """
    costs = {
        "training time per fold, s": board.train_seconds / num_folds,
        "prediction of a single image, ms": 1e3 * board.single_image_seconds,
        "prediction in batches, µs per image": 1e6 / board.images_per_second,
        "model file, MB": board.model_bytes / 1e6,
    }
    error = 100 * (1 - board.oof_accuracy)
    figure = Figure(figsize=(9, 8), layout="constrained")
    for axes, (label, cost) in zip(figure.subplots(2, 2, sharey=True).flat, costs.items(), strict=True):
        axes.errorbar(cost, error, 100 * board.oof_standard_error, fmt="o", markersize=4, elinewidth=1)
        axes.set(xlabel=label)
        axes.margins(0.15)
        _use_log_scale(axes)
        for x, y, name in zip(cost, error, board.experiment, strict=True):
            axes.annotate(name, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=7)
    return figure


def draw_learning_curves(curves: dict[str, list[LearningCurvePoint]]) -> Figure:
    """Draw the OOF error, with its standard error, over the number of training rows; one line per recipe."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        num_rows, error, standard_error = np.transpose(points)
        axes.errorbar(num_rows, 100 * error, 100 * standard_error, fmt="o-", label=name, markersize=4, elinewidth=1)
    axes.set(xlabel="training rows per fold")
    _use_log_scale(axes)
    axes.legend()
    return figure


def draw_pixel_importances(importances: dict[str, npt.NDArray[np.float64]]) -> Figure:
    """Draw the pixel importances of models, float (28, 28), side by side."""
    figure = Figure(figsize=(3.2 * len(importances), 3.4), layout="constrained")
    all_axes = figure.subplots(1, len(importances), squeeze=False).flat
    for axes, (name, importance) in zip(all_axes, importances.items(), strict=True):
        axes.imshow(importance, cmap="inferno")
        axes.set(title=name)
        axes.set_axis_off()
    return figure


def draw_explained_variances(variances: dict[str, npt.NDArray[np.float64]]) -> Figure:
    """Draw the cumulative fraction of the variance that principal components explain, (c,); one line per model."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, fraction in variances.items():
        axes.plot(np.arange(1, len(fraction) + 1), 100 * fraction, label=name)
    axes.set(xlabel="principal components", ylabel="explained variance, %", ylim=(0, 100))
    axes.legend()
    return figure


def _use_log_scale(axes: Axes) -> None:
    """Make both axes logarithmic and label the y axis."""
    axes.set(xscale="log", yscale="log", ylabel="OOF error, %")
    use_plain_numbers(axes.xaxis)
    use_plain_numbers(axes.yaxis)

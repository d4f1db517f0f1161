"""Plots: image files, and SVG that takes the colour of its text from the page around it."""

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS
from src.common.files import atomic_write
from src.common.metrics import standard_error

INK = "#010203"
"""Stands for the colour of the page's text."""
SVG_STYLE: dict[Any, Any] = {
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("boxplot.boxprops.color", "boxplot.whiskerprops.color", "boxplot.capprops.color"), INK),
    "svg.fonttype": "none",
    "legend.framealpha": 0.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def render(draw: Callable[..., Figure], *arguments: Any, png_dir: Path | None = None) -> Markup:
    """Give what a function draws as SVG for a page.

    Args:
        draw: gives a figure, from the arguments; its name is draw_NAME.
        png_dir: where to keep the same figure, as NAME.png.
    """
    if png_dir is not None:
        with atomic_write(png_dir / f"{draw.__name__.removeprefix('draw_')}.png") as temporary:
            draw(*arguments).savefig(temporary, format="png", dpi=150)
    with matplotlib.rc_context(SVG_STYLE | {"svg.hashsalt": draw.__name__}):  # ids of a page must differ
        text = io.StringIO()
        metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        draw(*arguments).savefig(text, format="svg", transparent=True, metadata=metadata)
    svg = text.getvalue()
    svg = re.sub(r' id="[a-zA-Z.]+_\d+"', "", svg[svg.index("<svg") :])  # names that no one refers to
    return Markup(svg.replace(INK, "currentColor"))


def draw_costs(board: pd.DataFrame, num_folds: int) -> Figure:
    """Draw the error of experiments (rows of the scoreboard) over what they cost."""
    costs = {
        "training, seconds a fold": board.train_seconds / num_folds,
        "one image, microseconds": 1e6 * board.single_image_seconds,
        "many images, microseconds each": 1e6 / board.images_per_second,
        "file of the model, kB": board.model_bytes / 1e3,
    }
    figure = Figure(figsize=(9, 8), layout="constrained")
    for axes, (label, cost) in zip(figure.subplots(2, 2, sharey=True).flat, costs.items(), strict=True):
        error = 100 * (1 - board.oof_accuracy)
        axes.errorbar(cost, error, 100 * board.oof_standard_error, fmt="o", markersize=4, elinewidth=1)
        axes.set(xlabel=label)
        axes.margins(0.15)
        _scale(axes)
        for x, y, name in zip(cost, error, board.experiment, strict=True):
            axes.annotate(name, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=7)
    return figure


def draw_learning_curves(curves: dict[str, list[tuple[int, float, float]]]) -> Figure:
    """Draw the error (a share, with its standard error) over the number of training rows, a line for each recipe."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, points in curves.items():
        num_rows, error, standard = np.transpose(points)
        axes.errorbar(num_rows, 100 * error, 100 * standard, fmt="o-", label=name, markersize=4, elinewidth=1)
    axes.set(xlabel="training rows of a fold")
    _scale(axes)
    axes.legend()
    return figure


def draw_heat_maps(maps: dict[str, np.ndarray]) -> Figure:
    """Draw images, float (28, 28), side by side."""
    figure = Figure(figsize=(3.2 * len(maps), 3.4), layout="constrained")
    for axes, (name, image) in zip(figure.subplots(1, len(maps), squeeze=False).flat, maps.items(), strict=True):
        axes.imshow(image, cmap="inferno")
        axes.set(title=name, xticks=[], yticks=[])
    return figure


def draw_variances(variances: dict[str, np.ndarray]) -> Figure:
    """Draw the share of variance that the first principal components hold, a line for each model."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, share in variances.items():
        axes.plot(np.arange(1, len(share) + 1), 100 * share, label=name)
    axes.set(xlabel="principal components", ylabel="explained variance, %", ylim=(0, 100))
    axes.legend()
    return figure


def _scale(axes: Axes) -> None:
    """Both axes logarithmic, with plain numbers; upwards the error."""
    axes.set(xscale="log", yscale="log", ylabel="OOF error, %")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(LogFormatter())
        axis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))


def plot_history(history: pd.DataFrame, path: Path) -> None:
    """Draw the public score of each submission over its OOF accuracy, with the standard errors of both.

    Args:
        history: columns oof_accuracy and public_score, shares; rows that lack one of them are left out.
        path: a .png file.
    """
    scored = history.dropna(subset=["oof_accuracy", "public_score"])
    oof, public = 100 * scored["oof_accuracy"], 100 * scored["public_score"]
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(
        oof,
        public,
        xerr=[100 * standard_error(share, NUM_TRAIN_ROWS) for share in scored["oof_accuracy"]],
        yerr=[100 * standard_error(share, NUM_TEST_ROWS) for share in scored["public_score"]],
        fmt="o",
        elinewidth=0.7,
    )
    for x, y, time in zip(oof, public, scored["time"], strict=True):
        axes.annotate(str(time)[:10], (x, y), xytext=(4, 4), textcoords="offset points", fontsize=7)
    if len(scored):
        axes.axline((oof.iloc[0], oof.iloc[0]), slope=1, color="grey", linewidth=0.7, linestyle="--")
    axes.set(title="Submissions", xlabel="OOF accuracy, %", ylabel="public score, %")
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")

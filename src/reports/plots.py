"""Plots, written as image files."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from src.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS
from src.metrics import standard_error
from src.workspace import replacing


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
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")

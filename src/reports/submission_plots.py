"""Plot of the submissions' public scores."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS
from src.common.metrics import standard_error
from src.reports.plots import save_png


def plot_history(history: pd.DataFrame, path: Path) -> None:
    """Plot the public score of each submission over its OOF accuracy, with the standard errors of both.

    Args:
        history: columns time (text), oof_accuracy and public_score (fractions). Rows without one of the two scores are
            left out.
        path: the .png file to write.
    """
    scored = history.dropna(subset=["oof_accuracy", "public_score"])
    oof, public = 100 * scored["oof_accuracy"], 100 * scored["public_score"]
    figure = Figure(figsize=(5, 4), layout="constrained")
    axes = figure.subplots()
    axes.errorbar(
        oof,
        public,
        xerr=[100 * standard_error(score, NUM_TRAIN_ROWS) for score in scored["oof_accuracy"]],
        yerr=[100 * standard_error(score, NUM_TEST_ROWS) for score in scored["public_score"]],
        fmt="o",
        elinewidth=0.7,
    )
    for x, y, time in zip(oof, public, scored["time"], strict=True):
        axes.annotate(str(time)[:10], (x, y), xytext=(4, 4), textcoords="offset points", fontsize=7)
    if len(scored):
        axes.axline((oof.iloc[0], oof.iloc[0]), slope=1, color="grey", linewidth=0.7, linestyle="--")
    axes.set(title="Submissions", xlabel="OOF accuracy, %", ylabel="public score, %")
    save_png(figure, path)

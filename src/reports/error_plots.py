"""Plots of the error report."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from src.common.metrics import NUM_CALIBRATION_BINS, compute_digit_metrics, standard_error


def draw_roc(labels: np.ndarray, proba: np.ndarray) -> Figure:
    """Draw the ROC curve of each digit against the rest; labels (n,), proba (n, 10)."""
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    for digit in np.unique(labels):
        false_share, true_share, _ = roc_curve(labels == digit, proba[:, digit])
        area = auc(false_share, true_share)
        axes.plot(np.maximum(false_share, 1 / len(labels)), true_share, linewidth=1, label=f"{digit}: area {area:.5f}")
    axes.set(
        xscale="log",
        xlabel="false positives (share)",
        ylabel="true positives (share)",
        ylim=(_floor(labels, proba), 1.002),
    )
    axes.legend(fontsize=7, loc="lower right")
    return figure


def draw_precision_recall(labels: np.ndarray, proba: np.ndarray) -> Figure:
    """Draw precision over recall of each digit; labels (n,), proba (n, 10)."""
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    for digit in np.unique(labels):
        precision, recall, _ = precision_recall_curve(labels == digit, proba[:, digit])
        mean = average_precision_score(labels == digit, proba[:, digit])
        axes.plot(recall, precision, linewidth=1, label=f"{digit}: mean precision {mean:.5f}")
    floor = _floor(labels, proba)
    axes.set(xlim=(floor, 1.002), ylim=(floor, 1.002), xlabel="recall", ylabel="precision")
    axes.legend(fontsize=7, loc="lower left")
    return figure


def _floor(labels: np.ndarray, proba: np.ndarray) -> float:
    """Where the axes begin: a little below the worst digit."""
    by_digit = compute_digit_metrics(labels, proba)
    present = by_digit[by_digit["rows"] > 0]
    worst = float(present[["precision", "recall"]].min().min())
    return max(0.0, 1 - 3 * max(1 - worst, 0.005))


def draw_histories(histories: dict[str, dict[int, Sequence[dict[str, Any]]]]) -> Figure:
    """Draw loss and validation error over the epochs, or stages: for each experiment the history of each fold."""
    figure = Figure(figsize=(9, 3 * len(histories)), layout="constrained")
    for (name, folds), (left, right) in zip(
        histories.items(), figure.subplots(len(histories), 2, squeeze=False), strict=True
    ):
        for fold, history in folds.items():
            epochs = np.arange(1, len(history) + 1)
            if "loss" in history[0]:
                left.plot(epochs, np.array([entry["loss"] for entry in history]), linewidth=1)
            error = 100 * (1 - np.array([entry["valid_accuracy"] for entry in history]))
            right.plot(epochs, error, linewidth=1, label=f"fold {fold}")
        left.set(title=name, ylabel="training loss, nats", xlabel="epoch")
        right.set(title=name, ylabel="error, % of the validation rows watched", xlabel="epoch or stage")
        left.set_visible(bool(left.lines))
        for axes in (left, right):
            axes.set_yscale(
                "log" if axes.lines and all((line.get_ydata() > 0).all() for line in axes.lines) else "linear"
            )
        right.legend(fontsize=7)
    return figure


def draw_reliability(labels: np.ndarray, kinds: dict[str, np.ndarray]) -> Figure:
    """Draw accuracy over confidence, in bins, of several probabilities (n, 10) for the same labels (n,)."""
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.7, linestyle="--")
    for name, proba in kinds.items():
        confidence, hit = proba.max(axis=1), proba.argmax(axis=1) == labels
        groups = pd.DataFrame({"confidence": confidence, "hit": hit}).groupby(
            np.minimum((confidence * NUM_CALIBRATION_BINS).astype(int), NUM_CALIBRATION_BINS - 1)
        )
        means, sizes = groups.mean(), groups.size()
        errors = [standard_error(share, size) for share, size in zip(means["hit"], sizes, strict=True)]
        axes.errorbar(means["confidence"], means["hit"], errors, fmt="o-", markersize=4, elinewidth=1, label=name)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend()
    return figure


def draw_by_statistics(found: dict[str, pd.DataFrame]) -> Figure:
    """Draw the error within tenths of the rows by each figure: tables with columns middle, accuracy, rows."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, table) in zip(figure.subplots(1, len(found), sharey=True), found.items(), strict=True):
        errors = [standard_error(share, rows) for share, rows in zip(table["accuracy"], table["rows"], strict=True)]
        axes.errorbar(table["middle"], 100 * (1 - table["accuracy"]), 100 * np.array(errors), fmt="o-", markersize=4)
        axes.set(xlabel=name)
    figure.axes[0].set(ylabel="OOF error, %", ylim=(0, None))
    return figure

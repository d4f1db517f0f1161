"""Plots of the error report."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_curve

from src.common.arrays import Labels, Proba
from src.common.metrics import assign_confidence_bins, compute_digit_metrics, standard_error
from src.reports.plots import use_plain_numbers


def draw_roc(labels: Labels, proba: Proba) -> Figure:
    """Draw the ROC curve of each digit against all other digits."""
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    for digit in np.unique(labels):
        false_positives, true_positives, _ = roc_curve(labels == digit, proba[:, digit])
        label = f"{digit}: area {auc(false_positives, true_positives):.5f}"
        axes.plot(np.maximum(false_positives, 1 / len(labels)), true_positives, linewidth=1, label=label)
    axes.set(xscale="log", xlabel="false positive rate", ylabel="true positive rate")
    axes.set(ylim=(_find_lower_limit(labels, proba), 1.002))
    axes.legend(fontsize=7, loc="lower right")
    return figure


def draw_precision_recall(labels: Labels, proba: Proba) -> Figure:
    """Draw the precision-recall curve of each digit against all other digits."""
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    for digit in np.unique(labels):
        precision, recall, _ = precision_recall_curve(labels == digit, proba[:, digit])
        label = f"{digit}: average precision {average_precision_score(labels == digit, proba[:, digit]):.5f}"
        axes.plot(recall, precision, linewidth=1, label=label)
    limits = _find_lower_limit(labels, proba), 1.002
    axes.set(xlim=limits, ylim=limits, xlabel="recall", ylabel="precision")
    axes.legend(fontsize=7, loc="lower left")
    return figure


def _find_lower_limit(labels: Labels, proba: Proba) -> float:
    """Find where axes of precision or recall should begin: below the worst digit, and not too close to 1."""
    by_digit = compute_digit_metrics(labels, proba)
    present = by_digit[by_digit["rows"] > 0]
    worst = float(present[["precision", "recall"]].min().min())
    return max(0.0, 1 - 3 * max(1 - worst, 0.005))


def draw_histories(histories: dict[str, dict[int, list[dict[str, float]]]]) -> Figure:
    """Draw training loss and validation error over the epochs or boosting stages.

    Args:
        histories: of each fold of each experiment, one entry per epoch or stage with valid_accuracy and perhaps loss.
    """
    figure = Figure(figsize=(9, 3 * len(histories)), layout="constrained")
    all_axes = figure.subplots(len(histories), 2, squeeze=False)
    for (name, by_fold), (left, right) in zip(histories.items(), all_axes, strict=True):
        for fold, history in by_fold.items():
            epochs = range(1, len(history) + 1)
            if "loss" in history[0]:
                left.plot(epochs, [entry["loss"] for entry in history], linewidth=1)
            errors = [100 * (1 - entry["valid_accuracy"]) for entry in history]
            right.plot(epochs, errors, linewidth=1, label=f"fold {fold}")
        left.set(title=name, xlabel="epoch", ylabel="training loss, nats")
        left.set_visible(bool(left.lines))
        right.set(title=name, xlabel="epoch or boosting stage", ylabel="validation error, %")
        right.legend(fontsize=7)
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            _use_log_scale_if_positive(axes)
    return figure


def _use_log_scale_if_positive(axes: Axes) -> None:
    if axes.lines and all((np.asarray(line.get_ydata()) > 0).all() for line in axes.lines):
        axes.set_yscale("log")
        use_plain_numbers(axes.yaxis)


def draw_reliability(labels: Labels, kinds: dict[str, Proba]) -> Figure:
    """Draw accuracy over confidence, in equal bins of confidence, for several probabilities of the same rows."""
    figure = Figure(figsize=(5, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.7, linestyle="--")
    for name, proba in kinds.items():
        confidence, is_correct = proba.max(axis=1), proba.argmax(axis=1) == labels
        bins = assign_confidence_bins(confidence)
        groups = pd.DataFrame({"confidence": confidence, "accuracy": is_correct}).groupby(bins)
        means, sizes = groups.mean(), groups.size()
        errors = list(map(standard_error, means["accuracy"], sizes))
        axes.errorbar(means["confidence"], means["accuracy"], errors, fmt="o-", markersize=4, elinewidth=1, label=name)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend()
    return figure


def draw_by_statistics(measured: dict[str, pd.DataFrame]) -> Figure:
    """Draw the OOF error within each tenth of the rows, for each table of `measure_by_statistics`."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, table) in zip(figure.subplots(1, len(measured), sharey=True), measured.items(), strict=True):
        errors = 100 * np.array(list(map(standard_error, table["accuracy"], table["num_rows"])))
        axes.errorbar(table["median"], 100 * (1 - table["accuracy"]), errors, fmt="o-", markersize=4)
        axes.set(xlabel=name)
    figure.axes[0].set(ylabel="OOF error, %", ylim=(0, None))
    return figure

"""Plots of the data report."""

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from src.common.arrays import Images, Labels
from src.common.competition import NUM_CLASSES
from src.data.image_statistics import Statistic

DIGIT_COLORS = [to_hex(f"C{digit}") for digit in range(NUM_CLASSES)]


def draw_intensities(images: Images) -> Figure:
    """Draw a histogram of the grey levels 1..254; the title gives the fractions of background and of full ink."""
    fractions = np.bincount(images.ravel(), minlength=256) / images.size
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.bar(np.arange(1, 255), 100 * fractions[1:255], width=1.0)
    axes.set(xlabel="grey level", ylabel="fraction of all pixels, %")
    axes.set_title(
        f"background (0): {100 * fractions[0]:.1f} %, full ink (255): {100 * fractions[255]:.2f} %", fontsize=10
    )
    return figure


def draw_scree(explained_variance: npt.NDArray[np.float64]) -> Figure:
    """Draw the fraction of the variance that each principal component explains, (c,), and the cumulative sum."""
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    numbers = np.arange(1, len(explained_variance) + 1)
    axes.bar(numbers, 100 * explained_variance, label="each component")
    axes.plot(numbers, 100 * explained_variance.cumsum(), color="C1", label="cumulative")
    axes.set(xlabel="principal component", ylabel="explained variance, %", ylim=(0, 100))
    axes.legend()
    return figure


def draw_components(components: npt.NDArray[np.float32], labels: Labels, num_shown: int = 4000) -> Figure:
    """Draw the first two principal components, (n, c), of randomly chosen images, coloured by label."""
    rows = np.random.default_rng(0).permutation(len(labels))[:num_shown]
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    for digit in np.unique(labels):
        points = components[rows[labels[rows] == digit], :2].T
        axes.plot(*points, ".", markersize=2.5, color=DIGIT_COLORS[digit], label=str(digit), rasterized=True)
    axes.set(xlabel="first principal component", ylabel="second principal component")
    axes.legend(markerscale=4, ncols=2, fontsize=8)
    return figure


def draw_statistics(statistics: dict[str, Statistic], num_train: int) -> Figure:
    """Draw the distribution of each statistic, (n + t,), in the training images and in the test images after them."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, values) in zip(figure.subplots(1, len(statistics)), statistics.items(), strict=True):
        low, high = np.quantile(values, [0.001, 0.999])
        edges = np.linspace(low, high, 50)
        for label, part in (("training", values[:num_train]), ("test", values[num_train:])):
            axes.hist(part, edges, density=True, histtype="step", label=label)
        axes.set(xlabel=name, yticks=[])
        axes.legend(fontsize=8)
    return figure


def draw_statistics_by_digit(statistics: dict[str, Statistic], labels: Labels) -> Figure:
    """Draw the median, the quartiles and the central 98 % of each statistic for each digit.

    Args:
        statistics: float64 (n + t,) by name; the first n belong to the labels.
        labels: int64 (n,).
    """
    digits = np.unique(labels)
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, values) in zip(figure.subplots(1, len(statistics)), statistics.items(), strict=True):
        by_digit = [values[: len(labels)][labels == digit] for digit in digits]
        axes.boxplot(by_digit, tick_labels=list(map(str, digits)), whis=(1, 99), showfliers=False)
        axes.set(xlabel="digit", ylabel=name)
    return figure

"""Plots of the data report."""

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from src.common.competition import NUM_CLASSES

COLOURS = [to_hex(f"C{digit}") for digit in range(NUM_CLASSES)]


def draw_intensities(images: np.ndarray) -> Figure:
    """Draw how often each grey level 1..254 occurs in images, uint8; the title says how many are paper and full ink."""
    counts = np.bincount(images.ravel(), minlength=256) / images.size
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.bar(np.arange(1, 255), 100 * counts[1:255], width=1.0)
    axes.set(xlabel="grey level", ylabel="share of all pixels, %")
    axes.set_title(f"paper (0): {100 * counts[0]:.1f} %, full ink (255): {100 * counts[255]:.2f} %", fontsize=10)
    return figure


def draw_scree(variance: np.ndarray) -> Figure:
    """Draw the share of variance of each principal component, float (c,), and their sum so far."""
    figure = Figure(figsize=(6, 3.2), layout="constrained")
    axes = figure.subplots()
    numbers = np.arange(1, len(variance) + 1)
    axes.bar(numbers, 100 * variance, label="each")
    axes.plot(numbers, 100 * variance.cumsum(), color="C1", label="together")
    axes.set(xlabel="principal component", ylabel="variance, %", ylim=(0, 100))
    axes.legend()
    return figure


def draw_components(components: np.ndarray, labels: np.ndarray, num_shown: int = 4000) -> Figure:
    """Draw the first two principal components, float (n, c), of some images, coloured by their labels (n,)."""
    rows = np.random.default_rng(0).permutation(len(labels))[:num_shown]
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    for digit in np.unique(labels):
        chosen = rows[labels[rows] == digit]
        axes.plot(
            *components[chosen, :2].T, ".", markersize=2.5, color=COLOURS[digit], label=str(digit), rasterized=True
        )
    axes.set(xlabel="first principal component", ylabel="second")
    axes.legend(markerscale=4, ncols=2, fontsize=8)
    return figure


def draw_statistics(statistics: dict[str, np.ndarray], num_train: int) -> Figure:
    """Draw the distribution of each figure, float (n,), over the first `num_train` images and over the others."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, values) in zip(figure.subplots(1, len(statistics)), statistics.items(), strict=True):
        low, high = np.quantile(values, [0.001, 0.999])
        edges = np.linspace(low, high, 50)
        for label, part in (("training", values[:num_train]), ("test", values[num_train:])):
            axes.hist(part, edges, density=True, histtype="step", label=label)
        axes.set(xlabel=name, yticks=[])
        axes.legend(fontsize=8)
    return figure


def draw_statistics_of_digits(statistics: dict[str, np.ndarray], labels: np.ndarray) -> Figure:
    """Draw, for each digit, median, quartiles and the middle 98 % of each figure; the first images are labelled."""
    figure = Figure(figsize=(9, 3), layout="constrained")
    for axes, (name, values) in zip(figure.subplots(1, len(statistics)), statistics.items(), strict=True):
        values = values[: len(labels)]
        present = np.unique(labels)
        axes.boxplot(
            [values[labels == digit] for digit in present],
            tick_labels=list(map(str, present)),
            whis=(1, 99),
            showfliers=False,
        )
        axes.set(xlabel="digit", ylabel=name)
    return figure

"""input/data_report.html: what the images are like, before anything is trained."""

from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np

from src.common.competition import NUM_CLASSES
from src.common.progress import say
from src.common.workspace import Workspace
from src.data.image_statistics import compute_image_statistics
from src.data.near_duplicates import MAX_RMS_DIFFERENCE
from src.experiments import EXPERIMENTS
from src.images.augmentation import Augmentation, augment
from src.reports import data_plots, plots
from src.reports.data_findings import Data, find_duplicates, find_outliers, load_data, map_digits, measure_drift
from src.reports.pages import embed_images, write_page
from src.training.keras_trainer import KerasTrainer


def write_data_report(workspace: Workspace) -> None:
    """Write the page, and its plots as PNG beside it.

    Raises:
        InputError: train.csv or test.csv is missing or damaged.
    """
    data = load_data(workspace)
    say("duplicates")
    pairs = find_duplicates(data)
    say("map of the digits")
    mapped = map_digits(data)
    say("drift between training and test images")
    drift = measure_drift(data)
    say("outliers, strokes, augmentations")

    plot = partial(plots.render, png_dir=workspace.data_report_html.with_suffix(""))
    statistics = compute_image_statistics(data.images)
    write_page(
        workspace.data_report_html,
        "data_report.html",
        num_train=data.num_train,
        num_test=len(data.images) - data.num_train,
        counts=np.bincount(data.labels, minlength=NUM_CLASSES).tolist(),
        constant=_count_constant(data),
        pairs=pairs,
        near=MAX_RMS_DIFFERENCE,
        intensities=plot(data_plots.draw_intensities, data.images),
        digits=_draw_digits(data),
        scree=plot(data_plots.draw_scree, data.variance),
        components=plot(data_plots.draw_components, data.components[: data.num_train], data.labels),
        mapped=mapped,
        colours=data_plots.COLOURS,
        outliers=find_outliers(data),
        drift=drift,
        statistics=plot(data_plots.draw_statistics, statistics, data.num_train),
        statistics_of_digits=plot(data_plots.draw_statistics_of_digits, statistics, data.labels),
        augmentations=_draw_augmentations(data),
    )


def _count_constant(data: Data) -> dict[str, int]:
    """Pixels that are the same in all images."""
    parts = {"training": data.images[: data.num_train], "test": data.images[data.num_train :], "all": data.images}
    return {name: int((part.min(axis=0) == part.max(axis=0)).sum()) for name, part in parts.items()}


def _draw_digits(data: Data) -> list[dict[str, Any]]:
    """Mean, standard deviation and medoid, the image that is nearest to all others, of each digit."""
    drawn = []
    for digit in range(NUM_CLASSES):
        rows = np.flatnonzero(data.labels == digit)
        if not len(rows):
            continue
        images, components = data.images[rows].astype(np.float32), data.components[rows]
        squared = (components**2).sum(axis=1)
        distances = np.sqrt(np.maximum(squared[:, None] + squared - 2 * components @ components.T, 0))
        spread = images.std(axis=0)
        drawn.append(
            {
                "digit": digit,
                "mean": embed_images(images.mean(axis=0)[None]),
                "spread": embed_images(255 * spread[None] / max(spread.max(), 1)),
                "medoid": embed_images(data.images[rows[distances.sum(axis=1).argmin()]][None]),
                "row": int(rows[distances.sum(axis=1).argmin()]),
            }
        )
    return drawn


def _draw_augmentations(data: Data) -> list[dict[str, Any]]:
    """Digits as each kind of augmentation in the table distorts them."""
    users: dict[Augmentation, list[str]] = {}
    for experiment in EXPERIMENTS.values():
        if isinstance(experiment.trainer, KerasTrainer) and experiment.trainer.augmentation is not None:
            users.setdefault(experiment.trainer.augmentation, []).append(experiment.name)
    firsts = [int(np.flatnonzero(data.labels == digit)[0]) for digit in np.unique(data.labels)]
    originals = data.images[firsts]
    drawn = []
    for augmentation, names in users.items():
        rows = [originals, *(augment(augmentation, originals, seed=(draw,)) for draw in range(5))]
        ranges = {field.name: getattr(augmentation, field.name) for field in fields(augmentation)}
        sheet = embed_images(np.concatenate(rows), len(firsts))
        drawn.append({"names": names, "ranges": ranges, "sheet": sheet, "rows": len(rows), "columns": len(firsts)})
    return drawn

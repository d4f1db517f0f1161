"""The page data_report.html: properties of the images, before anything is trained."""

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np

from src.common.competition import NUM_CLASSES
from src.common.progress import say
from src.common.workspace import Workspace
from src.data.image_statistics import compute_image_statistics
from src.data.near_duplicates import MAX_RMS_DIFFERENCE
from src.experiments import EXPERIMENTS
from src.images.augmentation import Augmentation, augment
from src.reports import data_plots
from src.reports.data_findings import (
    CompetitionImages,
    DigitMap,
    Duplicates,
    find_duplicates,
    find_medoids,
    find_outliers,
    load_images,
    map_digits,
    measure_drift,
)
from src.reports.index import write_report
from src.reports.pages import embed_image, embed_images
from src.reports.plots import render_svg
from src.training.keras_trainer import KerasTrainer

NUM_SHOWN = 12
"""Pairs of duplicates that the page shows of each kind."""
NUM_AUGMENTED = 5
"""Augmented versions of each digit that the page shows."""


class ShownPair(NamedTuple):
    """Two images side by side."""

    image: str  # data URI
    names: tuple[str, str]
    difference: float  # root mean square over the pixels, grey levels


class DigitSummary(NamedTuple):
    """The typical images of one digit, as data URIs."""

    digit: int
    mean: str
    deviation: str  # standard deviation of each pixel, scaled to 0..255
    medoid: str
    medoid_row: int


class MapPoint(TypedDict):
    """One training image on the map."""

    x: int  # 0..1000
    y: int  # 0..1000, upwards
    digit: int
    row: int


@dataclass(frozen=True)
class AugmentedDigits:
    """Digits and their random distortions by one kind of augmentation."""

    experiments: list[str]  # which use it
    parameters: dict[str, float]
    image: str  # data URI: the originals in the first row of a grid, distortions in the others
    num_digits: int
    num_augmented: int = NUM_AUGMENTED


def write_data_report(workspace: Workspace, path: Path) -> None:
    """Write the page to `path`, which ends with .html, and its plots as PNG files to a directory beside it.

    Raises:
        InputError: train.csv or test.csv is missing or damaged.
    """
    data = load_images(workspace)
    say("measuring the drift between training and test images")
    drift = measure_drift(data)
    say("searching for duplicates")
    duplicates = find_duplicates(data)
    say("mapping the digits")
    digit_map = map_digits(data)
    say("measuring handwriting, drawing plots")
    statistics = compute_image_statistics(data.images)
    plot = partial(render_svg, png_dir=path.with_suffix(""))
    write_report(
        path,
        "data_report.html",
        "python -m scripts.explore_data",
        workspace,
        num_train=data.num_train,
        num_test=data.num_test,
        counts=np.bincount(data.labels, minlength=NUM_CLASSES).tolist(),
        num_constant=_count_constant_pixels(data),
        intensities=plot(data_plots.draw_intensities, data.images),
        digits=_summarize_digits(data),
        max_difference=MAX_RMS_DIFFERENCE,
        duplicates=duplicates,
        shown_pairs={kind: _show_pairs(data, found) for kind, found in duplicates.items()},
        scree=plot(data_plots.draw_scree, data.explained_variance),
        components=plot(data_plots.draw_components, data.components[: data.num_train], data.labels),
        points=_list_points(data, digit_map),
        map_images=embed_images(data.images[digit_map.rows], _count_map_columns(digit_map)),
        num_map_columns=_count_map_columns(digit_map),
        colors=data_plots.DIGIT_COLORS,
        outliers={
            digit: {row: embed_image(data.images[row]) for row in rows.tolist()}
            for digit, rows in find_outliers(data).items()
        },
        drift=drift,
        statistics=plot(data_plots.draw_statistics, statistics, data.num_train),
        statistics_by_digit=plot(data_plots.draw_statistics_by_digit, statistics, data.labels),
        augmentations=_augment_digits(data),
    )


def _count_constant_pixels(data: CompetitionImages) -> dict[str, int]:
    """Count the pixels that have the same value in all training images, in all test images, and in both."""
    parts = {"train": data.images[: data.num_train], "test": data.images[data.num_train :], "all": data.images}
    return {name: int((part.min(axis=0) == part.max(axis=0)).sum()) for name, part in parts.items()}


def _summarize_digits(data: CompetitionImages) -> list[DigitSummary]:
    medoids = find_medoids(data)
    summaries = []
    for digit, rows in data.find_rows().items():
        images = data.images[rows].astype(np.float32)
        deviation = images.std(axis=0)
        summaries.append(
            DigitSummary(
                digit,
                embed_image(images.mean(axis=0)),
                embed_image(255 * deviation / max(deviation.max(), 1)),
                embed_image(data.images[medoids[digit]]),
                medoids[digit],
            )
        )
    return summaries


def _show_pairs(data: CompetitionImages, duplicates: Duplicates) -> list[ShownPair]:
    return [
        ShownPair(
            embed_images(data.images[[first, second]], num_columns=2),
            (_name_image(data, first), _name_image(data, second)),
            difference,
        )
        for (first, second), difference in zip(
            duplicates.pairs[:NUM_SHOWN].tolist(), duplicates.differences[:NUM_SHOWN].tolist(), strict=True
        )
    ]


def _name_image(data: CompetitionImages, position: int) -> str:
    if position < data.num_train:
        return f"training row {position}, label {data.labels[position]}"
    return f"test row {position - data.num_train}"


def _list_points(data: CompetitionImages, digit_map: DigitMap) -> list[MapPoint]:
    return [
        MapPoint(x=round(1000 * x), y=round(1000 * y), digit=int(data.labels[row]), row=row)
        for (x, y), row in zip(digit_map.positions.tolist(), digit_map.rows.tolist(), strict=True)
    ]


def _count_map_columns(digit_map: DigitMap) -> int:
    """Choose the number of columns that makes the grid of the map's images square."""
    return int(np.ceil(len(digit_map.rows) ** 0.5))


def _augment_digits(data: CompetitionImages) -> list[AugmentedDigits]:
    """Distort the first image of each digit by each kind of augmentation in the table of experiments."""
    users: dict[Augmentation, list[str]] = {}
    for experiment in EXPERIMENTS.values():
        if isinstance(experiment.trainer, KerasTrainer) and experiment.trainer.augmentation is not None:
            users.setdefault(experiment.trainer.augmentation, []).append(experiment.name)
    originals = data.images[[rows[0] for rows in data.find_rows().values()]]
    return [
        AugmentedDigits(
            experiments,
            asdict(augmentation),
            embed_images(
                np.concatenate(
                    [originals, *(augment(augmentation, originals, seed=(draw,)) for draw in range(NUM_AUGMENTED))]
                ),
                num_columns=len(originals),
            ),
            num_digits=len(originals),
        )
        for augmentation, experiments in users.items()
    ]

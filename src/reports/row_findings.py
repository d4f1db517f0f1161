"""Findings about single rows: what every experiment predicts, and the nearest neighbours in train.csv."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from src.common.arrays import Images, Labels, Proba, RowNumbers, fingerprint
from src.common.competition import NUM_CLASSES, NUM_PIXELS
from src.common.errors import InputError, suggest
from src.common.metrics import accuracy
from src.common.progress import say
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.data.folds import Folds
from src.data.near_duplicates import MAX_RMS_DIFFERENCE
from src.evaluation.ensemble import blend
from src.reports.error_findings import BLEND, load_blended
from src.validation.fold_results import list_trained, load_fold_predictions, load_fold_records

NUM_NEIGHBORS = 8


class Prediction(NamedTuple):
    """What one experiment, or the blend, predicts for a row that it was not trained on."""

    predicted: int
    confidence: float
    label_probability: float


class Neighbor(NamedTuple):
    """A training image that is similar to another one."""

    row: int
    label: int
    difference: float  # root mean square over the pixels, grey levels

    @property
    def is_near_duplicate(self) -> bool:
        """Whether both images would share a fold if they had the same label."""
        return self.difference <= MAX_RMS_DIFFERENCE


@dataclass(frozen=True)
class RowFindings:
    """Everything that is known about one row of train.csv."""

    row: int
    label: int
    fold: int
    pixel_hash: str
    annotation: str  # empty if there is none
    predictions: dict[str, Prediction]  # by experiment; those that have predicted the row
    neighbors: list[Neighbor]  # in the whole of train.csv, the most similar first

    @property
    def right(self) -> list[str]:
        """The experiments that predict the label."""
        return [name for name, found in self.predictions.items() if found.predicted == self.label]

    @property
    def wrong(self) -> list[str]:
        """The experiments that predict another digit than the label."""
        return [name for name in self.predictions if name not in self.right]

    @property
    def corrected_by(self) -> list[str]:
        """The experiments that predict the label although at least one other does not."""
        return self.right if self.wrong else []

    @property
    def near_duplicates(self) -> list[Neighbor]:
        """The near duplicates among the neighbours."""
        return [neighbor for neighbor in self.neighbors if neighbor.is_near_duplicate]

    @property
    def near_duplicates_disagree(self) -> bool:
        """Whether a near duplicate has another label."""
        return any(neighbor.label != self.label for neighbor in self.near_duplicates)


def load_predictions(workspace: Workspace, folds: Folds) -> dict[str, Proba]:
    """Load the OOF predictions of all experiments that have a complete fold, and of the last blend.

    Damaged or outdated ones are left out.

    Returns:
        (n, 10) by name, nan in rows of folds that are not trained: the blend, then the experiments, best first.
    """
    blended, experiments = {}, {}
    if workspace.submission_json.exists():
        try:
            blended[BLEND] = blend(load_blended(workspace, folds), folds.labels, folds.assignment).oof
        except InputError as error:
            say(f"left out: {error}")
    for name in list_trained(workspace):
        try:
            experiments[name] = _load_oof(name, workspace, folds)
        except InputError as error:
            say(f"left out: {error}")
    return blended | dict(sorted(experiments.items(), key=lambda item: -_measure(item[1], folds.labels)))


def _load_oof(experiment: str, workspace: Workspace, folds: Folds) -> Proba:
    oof = np.full((len(folds.labels), NUM_CLASSES), np.nan, np.float32)
    for record in load_fold_records(workspace, experiment, folds.num_folds):
        predictions = load_fold_predictions(workspace, record, folds)
        oof[predictions.valid_rows] = predictions.valid_proba
    return oof


def _measure(oof: Proba, labels: Labels) -> float:
    """Compute the accuracy on the predicted rows; 0 if there are none."""
    is_predicted = ~np.isnan(oof[:, 0])
    return accuracy(labels[is_predicted], oof[is_predicted]) if is_predicted.any() else 0.0


def choose_rows(
    predictions: dict[str, Proba],
    labels: Labels,
    *,
    wrong_in: Sequence[str] = (),
    right_in: Sequence[str] = (),
    label: int | None = None,
    read_as: int | None = None,
) -> RowNumbers:
    """Choose the rows that meet all conditions.

    Args:
        predictions: of `load_predictions`.
        labels: int64 (n,).
        wrong_in: experiments whose prediction is not the label.
        right_in: experiments whose prediction is the label.
        label: the label.
        read_as: the digit that at least one experiment predicts.

    Returns:
        Row numbers; rows that more experiments predict wrongly come first.

    Raises:
        InputError: there is no such experiment.
    """
    digits = {name: _read_digits(proba) for name, proba in predictions.items()}
    for name in (*wrong_in, *right_in):
        if name not in digits:
            known = ", ".join(digits) or "none"
            raise InputError(f"there are no results of {name!r}{suggest(name, digits)}; there are those of: {known}")
    chosen = np.ones(len(labels), bool)
    for name in wrong_in:
        chosen &= (digits[name] != labels) & (digits[name] >= 0)
    for name in right_in:
        chosen &= digits[name] == labels
    if label is not None:
        chosen &= labels == label
    if read_as is not None:
        chosen &= np.any([read == read_as for read in digits.values()], axis=0)
    num_wrong = np.sum([(read != labels) & (read >= 0) for read in digits.values()], axis=0)
    order = np.argsort(-num_wrong, kind="stable") if digits else np.arange(len(labels))
    return order[chosen[order]]


def _read_digits(proba: Proba) -> npt.NDArray[np.int64]:
    """Find the most probable digit of each row, -1 in rows without a prediction: int64 (n,)."""
    return np.where(np.isnan(proba[:, 0]), -1, proba.argmax(axis=1))


def inspect(
    rows: Sequence[int], dataset: Dataset, predictions: dict[str, Proba], annotated: pd.DataFrame
) -> list[RowFindings]:
    """Collect everything that is known about some rows.

    Args:
        rows: row numbers of train.csv.
        dataset: images, labels and folds.
        predictions: by experiment; see `load_predictions`.
        annotated: rows with annotations; see `find_annotated_rows`.
    """
    neighbors = find_neighbors(dataset.images, rows)
    return [
        RowFindings(
            row,
            label := int(dataset.labels[row]),
            int(dataset.folds.assignment[row]),
            fingerprint(dataset.images[row]),
            _describe_annotation(annotated, row),
            {
                name: Prediction(int(proba[row].argmax()), float(proba[row].max()), float(proba[row, label]))
                for name, proba in predictions.items()
                if not np.isnan(proba[row, 0])
            },
            [Neighbor(other, int(dataset.labels[other]), difference) for other, difference in neighbors[row]],
        )
        for row in map(int, rows)
    ]


def _describe_annotation(annotated: pd.DataFrame, row: int) -> str:
    """Describe the annotation of a row, as in "mislabelled, reads 9"; nothing if there is none."""
    if row not in annotated.index:
        return ""
    reading, verdict, note = annotated.loc[[row], ["reading", "verdict", "note"]].to_numpy()[0]
    return f"{verdict}{reading and f', reads {reading}'}{note and f' ({note})'}"


def find_neighbors(images: Images, rows: Sequence[int]) -> dict[int, list[tuple[int, float]]]:
    """Find the images that are most similar to those of some rows.

    Args:
        images: uint8 (n, 28, 28, 1).
        rows: row numbers.

    Returns:
        By row: up to `NUM_NEIGHBORS` other rows and their root mean square differences in grey levels, the smallest
        first.
    """
    if not len(rows):
        return {}
    pixels = images.reshape(len(images), NUM_PIXELS).astype(np.float32)
    search = NearestNeighbors(n_neighbors=min(NUM_NEIGHBORS + 1, len(images)), algorithm="brute").fit(pixels)
    distances, others = search.kneighbors(pixels[rows])
    differences = distances / NUM_PIXELS**0.5
    return {
        int(row): [pair for pair in zip(near, far, strict=True) if pair[0] != row][:NUM_NEIGHBORS]
        for row, near, far in zip(rows, others.tolist(), differences.tolist(), strict=True)
    }

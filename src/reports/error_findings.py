"""Findings of the error report: what one experiment, or the last blend, predicts wrongly."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from src.common.arrays import Images, Labels, Proba, RowNumbers
from src.common.errors import InputError
from src.common.metrics import accuracy, confidence_interval
from src.common.progress import say
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.data.image_statistics import compute_image_statistics
from src.evaluation.ensemble import blend, load_blended_recipes
from src.validation.fold_results import list_trained
from src.validation.oof import OofPredictions, load_oof_predictions

BLEND = "blend"
"""The name of the last blend, as an argument instead of an experiment."""
NUM_QUANTILES = 10


@dataclass(frozen=True)
class AnalyzedModel:
    """The experiment or blend whose errors are analysed, and all experiments it is compared with."""

    name: str
    oof: Proba  # (n, 10)
    test: Proba  # (t, 10)
    members: tuple[str, ...]  # the blended experiments, or the one experiment
    experiments: dict[str, OofPredictions]  # the members first, then the others

    def find_errors(self, labels: Labels) -> RowNumbers:
        """Find the rows that are predicted wrongly, the most confident prediction first."""
        rows = np.flatnonzero(self.oof.argmax(axis=1) != labels)
        return rows[np.argsort(-self.oof[rows].max(axis=1), kind="stable")]

    def find_unsure(self, labels: Labels) -> RowNumbers:
        """Find the rows that are predicted correctly, the least confident prediction first."""
        rows = np.flatnonzero(self.oof.argmax(axis=1) == labels)
        return rows[np.argsort(self.oof[rows].max(axis=1), kind="stable")]


class FoldAccuracy(NamedTuple):
    """Accuracy on the validation part of one fold, or on all rows."""

    fold: str  # number of the fold, or "all"
    num_rows: int
    num_errors: int
    accuracy: float
    low: float  # 95 % confidence interval
    high: float


class ErrorOverlap(NamedTuple):
    """How far the errors of experiments are the same."""

    num_errors: dict[str, int]  # by experiment
    overlaps: dict[tuple[str, str], float]  # of two experiments: rows that both get wrong, of those that either does
    num_common: int  # rows that all experiments get wrong
    contributions: dict[str, float]  # by member of the blend: accuracy with it minus accuracy without it


def load_analyzed_model(name: str, workspace: Workspace, folds: Folds) -> AnalyzedModel:
    """Load the predictions of an experiment or of the last blend, and of the experiments to compare it with.

    These others are all experiments that have all folds and were trained on all rows. Damaged ones are left out.

    Args:
        name: an experiment, or `BLEND`.
        workspace: where the fold results are.
        folds: the folds of the workspace.

    Raises:
        InputError: there is no such experiment or no blend yet, its fold results are missing or damaged, or a member
            was trained by another recipe since it was blended.
    """
    members = load_blended(workspace, folds) if name == BLEND else [load_oof_predictions(workspace, name, folds)]
    mixed = blend(members, folds.labels, folds.assignment)
    experiments = {member.experiment: member for member in members}
    experiments |= {other.experiment: other for other in _load_others(workspace, folds, list(experiments))}
    return AnalyzedModel(name, mixed.oof, mixed.test, tuple(member.experiment for member in members), experiments)


def load_blended(workspace: Workspace, folds: Folds) -> list[OofPredictions]:
    """Load the members of the last blend.

    Raises:
        InputError: there is no blend yet, or a member was trained by another recipe since it was blended.
    """
    recipes = load_blended_recipes(workspace)
    if not recipes:
        raise InputError("there is no blend yet; make one: python -m scripts.ensemble")
    members = [load_oof_predictions(workspace, name, folds) for name in recipes]
    for member in members:
        if member.records[0].recipe_hash != recipes[member.experiment]:
            raise InputError(
                f"{member.experiment} was trained by another recipe since the last blend; make another: "
                "python -m scripts.ensemble"
            )
    return members


def _load_others(workspace: Workspace, folds: Folds, members: list[str]) -> Iterator[OofPredictions]:
    for name in list_trained(workspace):
        if name not in members:
            try:
                predictions = load_oof_predictions(workspace, name, folds)
            except InputError as error:
                say(f"left out: {error}")
                continue
            if predictions.train_fraction == 1:
                yield predictions


def measure_folds(model: AnalyzedModel, folds: Folds) -> list[FoldAccuracy]:
    """Measure the accuracy on each fold and on all rows, with its 95 % confidence interval."""
    parts = {str(fold): folds.assignment == fold for fold in range(folds.num_folds)}
    parts["all"] = np.ones(len(folds.labels), bool)
    is_correct = model.oof.argmax(axis=1) == folds.labels
    measured = []
    for name, inside in parts.items():
        num_rows, num_correct = int(inside.sum()), int(is_correct[inside].sum())
        interval = confidence_interval(num_correct, num_rows)
        measured.append(FoldAccuracy(name, num_rows, num_rows - num_correct, num_correct / num_rows, *interval))
    return measured


def make_error_table(model: AnalyzedModel, folds: Folds) -> pd.DataFrame:
    """List the rows that are predicted wrongly, the most confident prediction first.

    Returns:
        Columns row, fold, label, predicted, confidence, label_probability, and one per experiment: what it predicts.
    """
    rows = model.find_errors(folds.labels)
    proba = model.oof[rows]
    table = {
        "row": rows,
        "fold": folds.assignment[rows],
        "label": folds.labels[rows],
        "predicted": proba.argmax(axis=1),
        "confidence": proba.max(axis=1),
        "label_probability": proba[np.arange(len(rows)), folds.labels[rows]],
    }
    return pd.DataFrame(table | {name: member.oof[rows].argmax(axis=1) for name, member in model.experiments.items()})


def compare_errors(model: AnalyzedModel, folds: Folds) -> ErrorOverlap:
    """Compare the errors of all experiments, and measure what each member contributes to the blend."""
    wrong = {name: member.oof.argmax(axis=1) != folds.labels for name, member in model.experiments.items()}
    overlaps = {
        (a, b): int((wrong[a] & wrong[b]).sum()) / max(int((wrong[a] | wrong[b]).sum()), 1)
        for a, b in combinations(wrong, 2)
    }
    contributions = {}
    if len(model.members) > 1:
        for name in model.members:
            others = [model.experiments[member] for member in model.members if member != name]
            without = blend(others, folds.labels, folds.assignment).oof
            contributions[name] = accuracy(folds.labels, model.oof) - accuracy(folds.labels, without)
    return ErrorOverlap(
        {name: int(is_wrong.sum()) for name, is_wrong in wrong.items()},
        overlaps | {(b, a): overlap for (a, b), overlap in overlaps.items()},
        int(np.logical_and.reduce(list(wrong.values())).sum()),
        contributions,
    )


def measure_by_statistics(model: AnalyzedModel, labels: Labels, images: Images) -> dict[str, pd.DataFrame]:
    """Measure the accuracy within each tenth of the rows, ordered by ink, slant or stroke width.

    Returns:
        By statistic: one row per tenth, with the columns median (of the statistic), accuracy and num_rows.
    """
    is_correct = model.oof.argmax(axis=1) == labels
    measured = {}
    for name, values in compute_image_statistics(images).items():
        tenths = pd.qcut(values, NUM_QUANTILES, labels=False, duplicates="drop")
        groups = pd.DataFrame({"values": values, "is_correct": is_correct}).groupby(tenths)
        measured[name] = groups.agg(
            median=("values", "median"), accuracy=("is_correct", "mean"), num_rows=("values", "size")
        )
    return measured

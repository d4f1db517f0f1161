"""What the error report says of one experiment, or of the last blend."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from src.common.errors import InputError
from src.common.metrics import accuracy
from src.common.progress import say
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.data.image_statistics import compute_image_statistics
from src.evaluation.ensemble import blend, load_blended_recipes
from src.validation.fold_results import list_trained
from src.validation.oof import OofPredictions, load_oof_predictions

BLEND = "blend"
NUM_QUANTILES = 10


@dataclass(frozen=True)
class Subject:
    """What is looked at, and what all experiments say of the same rows."""

    name: str
    oof: np.ndarray  # float (n, 10)
    test: np.ndarray  # float (t, 10)
    members: tuple[str, ...]  # the experiments that it is made of
    experiments: dict[str, OofPredictions]  # all whose folds are complete


def load_subject(name: str, workspace: Workspace, folds: Folds) -> Subject:
    """Load the out-of-fold probabilities of an experiment, or those of the last blend by the name `blend`.

    The other experiments are those that are complete, whole and learnt from all rows.

    Raises:
        InputError: there is no such experiment, no blend yet, or its fold results are missing, damaged or not those
            that were blended.
    """
    members = _load_members(workspace, folds) if name == BLEND else [load_oof_predictions(workspace, name, folds)]
    mixed = blend(members, folds.labels, folds.assignment)
    experiments = {member.experiment: member for member in members}
    for other in list_trained(workspace):
        if other not in experiments:
            try:
                predictions = load_oof_predictions(workspace, other, folds)
            except InputError as error:
                say(f"left out: {error}")
                continue
            if "train_fraction" not in predictions.records[0].get("recipe", {}):
                experiments[other] = predictions
    return Subject(name, mixed.oof, mixed.test, tuple(member.experiment for member in members), experiments)


def _load_members(workspace: Workspace, folds: Folds) -> list[OofPredictions]:
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


def measure_folds(subject: Subject, folds: Folds) -> list[dict[str, Any]]:
    """Accuracy of each fold and of all rows, with its 95 % interval (Wilson 1927)."""
    parts = {str(fold): folds.assignment == fold for fold in range(folds.num_folds)}
    parts["all"] = np.ones(len(folds.labels), bool)
    rows = []
    for name, inside in parts.items():
        num_hits = int((subject.oof[inside].argmax(axis=1) == folds.labels[inside]).sum())
        interval = binomtest(num_hits, int(inside.sum())).proportion_ci(method="wilson")
        rows.append(
            {"fold": name, "rows": int(inside.sum()), "errors": int(inside.sum()) - num_hits}
            | {"accuracy": num_hits / inside.sum(), "low": interval.low, "high": interval.high}
        )
    return rows


def make_error_table(subject: Subject, folds: Folds, rows: Sequence[int] | np.ndarray) -> pd.DataFrame:
    """List what is known of some rows of train.csv.

    Columns: row, fold, label, predicted, confidence, label_probability, and what each experiment predicts, by its name.
    """
    rows = np.asarray(rows, dtype=np.int64)
    proba = subject.oof[rows]
    table = {
        "row": rows,
        "fold": folds.assignment[rows],
        "label": folds.labels[rows],
        "predicted": proba.argmax(axis=1),
        "confidence": proba.max(axis=1),
        "label_probability": proba[np.arange(len(rows)), folds.labels[rows]],
    }
    return pd.DataFrame(table | {name: e.oof[rows].argmax(axis=1) for name, e in subject.experiments.items()})


def compare_experiments(subject: Subject, folds: Folds) -> dict[str, Any]:
    """How the errors of experiments overlap: pairs, those common to all, and what each member adds to the blend."""
    wrong = {name: e.oof.argmax(axis=1) != folds.labels for name, e in subject.experiments.items()}
    pairs = {
        (a, b): int((wrong[a] & wrong[b]).sum()) / max(int((wrong[a] | wrong[b]).sum()), 1)
        for a, b in combinations(wrong, 2)
    }
    added = {}
    if len(subject.members) > 1:
        for name in subject.members:
            rest = [subject.experiments[member] for member in subject.members if member != name]
            without = blend(rest, folds.labels, folds.assignment).oof
            added[name] = accuracy(folds.labels, subject.oof) - accuracy(folds.labels, without)
    return {
        "names": list(wrong),
        "errors": {name: int(mistaken.sum()) for name, mistaken in wrong.items()},
        "overlap": pairs | {(b, a): share for (a, b), share in pairs.items()},
        "common": int(np.logical_and.reduce(list(wrong.values())).sum()),
        "added": added,
    }


def measure_by_statistics(subject: Subject, folds: Folds, images: np.ndarray) -> dict[str, pd.DataFrame]:
    """Accuracy within tenths of the rows by ink, slant and stroke width: columns middle, accuracy, rows."""
    hits = subject.oof.argmax(axis=1) == folds.labels
    found = {}
    for name, values in compute_image_statistics(images).items():
        tenth = pd.qcut(values, NUM_QUANTILES, labels=False, duplicates="drop")
        groups = pd.DataFrame({"middle": values, "accuracy": hits, "rows": 1}).groupby(tenth)
        found[name] = groups.agg({"middle": "median", "accuracy": "mean", "rows": "sum"})
    return found

"""Findings of the comparison of experiments: paired tests, learning curves, complementary models."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.stats import false_discovery_control
from sklearn.pipeline import Pipeline

from src.common.arrays import Labels
from src.common.metrics import accuracy, accuracy_gain, log_loss_gain, mcnemar_p_value, standard_error
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.evaluation.calibration import scale_nested
from src.evaluation.ensemble import load_blended_recipes
from src.evaluation.mixture import choose_weights, mix, mix_nested
from src.models.classifiers import SklearnClassifier
from src.validation.fold_tasks import load_fold_classifier
from src.validation.oof import OofPredictions


class PairedComparison(NamedTuple):
    """Two experiments compared on the same rows."""

    better: str
    worse: str
    gain: float  # difference of the OOF accuracies
    standard_error: float  # of the gain
    p_value: float  # of McNemar's test
    q_value: float  # the p-value, adjusted for the number of comparisons


class LearningCurvePoint(NamedTuple):
    """The OOF error of a recipe that was trained on so many rows per fold."""

    num_rows: int
    error: float
    standard_error: float


class ComplementaryModel(NamedTuple):
    """The effect of one more experiment on the blend."""

    experiment: str
    weight: float  # of the experiment when it is mixed with the blend
    gain: float  # in accuracy
    standard_error: float  # of the gain in accuracy
    loss_gain: float  # reduction of the log loss, nats
    loss_standard_error: float  # of the reduction


def compare_adjacent(members: Sequence[OofPredictions], labels: Labels) -> list[PairedComparison]:
    """Compare each experiment with the next one, on the same rows.

    Args:
        members: the experiments, best first.
        labels: int64 (n,).

    Returns:
        One comparison per pair. The q-values are the p-values after the correction of Benjamini and Hochberg 1995.
    """
    pairs = list(pairwise(members))
    p_values = [mcnemar_p_value(labels, better.oof, worse.oof) for better, worse in pairs]
    q_values = false_discovery_control(p_values).tolist() if pairs else []
    return [
        PairedComparison(
            better.experiment, worse.experiment, *accuracy_gain(labels, better.oof, worse.oof), p_value, q_value
        )
        for (better, worse), p_value, q_value in zip(pairs, p_values, q_values, strict=True)
    ]


def find_learning_curves(members: Iterable[OofPredictions], labels: Labels) -> dict[str, list[LearningCurvePoint]]:
    """Group experiments that differ only in the fraction of the rows they were trained on.

    Returns:
        By the shortest name of each group of at least two: its points, in order of the number of rows.
    """
    groups: dict[str, dict[str, LearningCurvePoint]] = defaultdict(dict)
    for member in members:
        record = member.records[0]
        recipe = {key: value for key, value in record.recipe.items() if key not in ("name", "train_fraction")}
        score = accuracy(labels, member.oof)
        point = LearningCurvePoint(record.num_train_rows, 1 - score, standard_error(score, len(labels)))
        groups[json.dumps(recipe, sort_keys=True)][member.experiment] = point
    return {min(points, key=len): sorted(points.values()) for points in groups.values() if len(points) > 1}


def load_pipelines(workspace: Workspace, experiments: Iterable[str]) -> dict[str, Pipeline]:
    """Load the pipelines of fold 0 of the experiments that are scikit-learn pipelines, by experiment.

    Raises:
        InputError: a file is damaged.
    """
    pipelines = {}
    for name in experiments:
        if workspace.fold_path(name, 0, SklearnClassifier.suffix).exists():  # Networks have another suffix.
            classifier = load_fold_classifier(workspace, name, 0)
            if isinstance(classifier, SklearnClassifier):
                pipelines[name] = classifier.pipeline
    return pipelines


def find_blended(workspace: Workspace, members: dict[str, OofPredictions]) -> list[str]:
    """List the members of the last submission.

    Returns:
        Names of experiments; empty if there is no submission, or if `members`, by experiment, lacks one of them or has
        it from another recipe.

    Raises:
        InputError: submission.json is damaged.
    """
    recipes = load_blended_recipes(workspace)
    present = {name: member.records[0].recipe_hash for name, member in members.items()}
    return list(recipes) if recipes.items() <= present.items() else []


def find_complementary_models(
    blended: Sequence[str], members: dict[str, OofPredictions], folds: Folds
) -> list[ComplementaryModel]:
    """Measure, by nested cross-validation, what each other experiment would add to the mean of the blended ones.

    The probabilities of both sides are calibrated first. Otherwise a model would seem to help that only makes the blend
    more, or less, confident.

    Args:
        blended: the members of the blend.
        members: all experiments, by name.
        folds: labels, and the folds of the nested cross-validation.

    Returns:
        The largest reduction of the log loss first; none if nothing is blended.
    """
    if not blended:
        return []
    labels, assignment = folds.labels, folds.assignment
    mean = mix(np.full(len(blended), 1 / len(blended)), np.stack([members[name].oof for name in blended]))
    mean = scale_nested(mean, labels, assignment)
    found = []
    for name in (name for name in members if name not in blended):
        pair = np.stack([mean, scale_nested(members[name].oof, labels, assignment)])
        mixed = mix_nested(pair, labels, assignment)
        gain = accuracy_gain(labels, mixed, mean)
        loss_gain = log_loss_gain(labels, mixed, mean)
        weights = choose_weights(pair, labels)
        found.append(ComplementaryModel(name, float(weights[1] / weights.sum()), *gain, *loss_gain))
    return sorted(found, key=lambda model: -model.loss_gain)

"""Blend experiments: choose weights on OOF, write the submission and its origin, check the file. NumPy, no Keras."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from src.common.arrays import fingerprint
from src.common.competition import SUBMISSION_COLUMNS
from src.common.errors import InputError
from src.common.files import atomic_write, hash_file
from src.common.metrics import accuracy, accuracy_gain, log_loss, standard_error
from src.common.provenance import find_commit
from src.common.workspace import Workspace
from src.data.csv_files import load_test, read_submission
from src.data.folds import Folds
from src.validation.oof import OofPredictions, require_same_data, require_test_images

NOISE = 2.0
"""Standard errors by which chosen weights must beat the plain mean."""


@dataclass(frozen=True)
class Blend:
    """A weighted mean of several experiments' probabilities."""

    weights: np.ndarray  # float64 (m,), non-negative, sum 1
    kind: str  # "mean" or "weighted"
    oof: np.ndarray  # float64 (n, 10): of the mean, or by nested cross-validation of the weights
    test: np.ndarray  # float64 (t, 10)
    nested_gain: float  # accuracy of nested weights over the plain mean, paired on the same rows
    nested_gain_error: float  # its standard error


def blend(members: Sequence[OofPredictions], labels: np.ndarray, assignment: np.ndarray) -> Blend:
    """Blend by the plain mean, unless weights chosen on OOF beat it by more than noise.

    The weights are judged by nested cross-validation: those for a fold's rows are chosen on the other folds' rows.

    Args:
        members: at least one.
        labels: int64 (n,).
        assignment: int64 (n,), the fold of each row.

    Raises:
        InputError: the members are of different data or folds.
    """
    require_same_data(members)
    oof = np.stack([member.oof for member in members]).astype(np.float64)
    test = np.stack([member.test for member in members]).astype(np.float64)
    plain = np.full(len(members), 1 / len(members))
    mean_oof = mix(plain, oof)
    nested_oof = mix_nested(oof, labels, assignment)
    gain, gain_error = accuracy_gain(labels, nested_oof, mean_oof)
    weighted = gain > NOISE * gain_error
    weights = choose_weights(oof, labels) if weighted else plain
    return Blend(
        weights=weights,
        kind="weighted" if weighted else "mean",
        oof=nested_oof if weighted else mean_oof,
        test=mix(weights, test),
        nested_gain=gain,
        nested_gain_error=gain_error,
    )


def mix(weights: np.ndarray, proba: np.ndarray) -> np.ndarray:
    """Weighted mean over the members: weights (m,), proba (m, n, 10), result (n, 10)."""
    return np.tensordot(weights, proba, axes=1)


def mix_nested(proba: np.ndarray, labels: np.ndarray, assignment: np.ndarray) -> np.ndarray:
    """Mix each fold's rows by the weights that are best on the other folds' rows: proba (m, n, 10), result (n, 10)."""
    mixed = np.empty_like(proba[0])
    for fold in np.unique(assignment):
        inside = assignment == fold
        mixed[inside] = mix(choose_weights(proba[:, ~inside], labels[~inside]), proba[:, inside])
    return mixed


def choose_weights(proba: np.ndarray, labels: np.ndarray, num_steps: int = 300) -> np.ndarray:
    """Find the mixture weights, float64 (m,), that minimise the log loss of the blend.

    The weights of a mixture with fixed components, by expectation maximisation (Dempster, Laird and Rubin 1977):
    the log loss is convex in them, and each step lowers it.

    Args:
        proba: (m, n, 10).
        labels: int64 (n,).
    """
    likelihood = np.maximum(proba[:, np.arange(len(labels)), labels], 1e-12)  # (m, n)
    weights = np.full(len(proba), 1 / len(proba))
    for _ in range(num_steps):
        previous, weights = weights, weights * (likelihood @ (1 / (weights @ likelihood))) / len(labels)
        if np.abs(weights - previous).max() < 1e-6:
            break
    return weights


def write_submission(
    result: Blend, members: Sequence[OofPredictions], folds: Folds, workspace: Workspace
) -> dict[str, Any]:
    """Write submission.csv and, beside it, submission.json: where it comes from. Returns the latter's contents.

    Raises:
        InputError: test.csv or sample_submission.csv is missing or not the one that the members predicted.
    """
    read_submission(workspace.sample_submission_csv, len(result.test))
    require_test_images(members[0], fingerprint(load_test(workspace)), workspace)
    image_id, label = SUBMISSION_COLUMNS
    table = pd.DataFrame({image_id: np.arange(1, len(result.test) + 1), label: result.test.argmax(axis=1)})
    origin = describe_submission(result, members, folds.labels)
    with atomic_write(workspace.submission_csv) as temporary:
        table.to_csv(temporary, index=False)
        read_submission(temporary, len(result.test))
        origin["file_hash"] = hash_file(temporary)
        workspace.submission_json.unlink(missing_ok=True)  # never beside another submission than its own
    with atomic_write(workspace.submission_json) as temporary:
        temporary.write_text(json.dumps(origin, indent=2) + "\n")
    return origin


def load_blended_recipes(workspace: Workspace) -> dict[str, str]:
    """Recipe hashes of the members of the last blend, by experiment; none if there is no blend yet.

    Raises:
        InputError: submission.json is damaged.
    """
    path = workspace.submission_json
    try:
        recipes = {name: member["recipe_hash"] for name, member in json.loads(path.read_text())["members"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError):
        recipes = {}
    if not recipes:
        raise InputError(f"{path} is damaged; make another: python -m scripts.ensemble")
    return recipes


def describe_submission(result: Blend, members: Sequence[OofPredictions], labels: np.ndarray) -> dict[str, Any]:
    """Members, weights, OOF figures, fingerprints and machine of a blend, as plain values for JSON."""
    oof_accuracy = accuracy(labels, result.oof)
    return {
        "blend": result.kind,
        "members": {
            member.experiment: {
                "weight": float(weight),
                "oof_accuracy": accuracy(labels, member.oof),
                "recipe_hash": member.records[0].recipe_hash,
            }
            for member, weight in zip(members, result.weights, strict=True)
        },
        "oof_accuracy": oof_accuracy,
        "oof_standard_error": standard_error(oof_accuracy, len(labels)),
        "oof_log_loss": log_loss(labels, result.oof),
        "nested_weights_gain": result.nested_gain,
        "nested_weights_gain_standard_error": result.nested_gain_error,
        "num_folds": len(members[0].records),
        "fingerprints": members[0].records[0].fingerprints,
        "devices": sorted(
            {f"{record['processor']}, {record['device']}" for member in members for record in member.records}
        ),
        "train_seconds": sum(record.train_seconds for member in members for record in member.records),
        "commit": find_commit(),
    }

"""The blend of experiments: choose its weights on OOF predictions, and write it as the submission."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from src.common.arrays import Labels, Proba, fingerprint
from src.common.competition import SUBMISSION_COLUMNS
from src.common.errors import InputError
from src.common.files import atomic_write, hash_file
from src.common.metrics import accuracy, log_loss, log_loss_gain, standard_error
from src.common.provenance import find_commit
from src.common.workspace import Workspace
from src.data.csv_files import check_sample_submission, load_test, read_submission
from src.data.folds import Folds, load_folds
from src.evaluation.calibration import scale_nested
from src.evaluation.mixture import Weights, choose_weights, mix, mix_nested
from src.validation.fold_results import list_trained, load_fold_records
from src.validation.oof import OofPredictions, load_oof_predictions, require_same_data, require_test_images

_FOR_THE_APP = "learns from drawn digits besides train.csv, so it is for the app alone"


@dataclass(frozen=True)
class Blend:
    """A weighted mean of several experiments' logits, see `mix`."""

    weights: Weights
    kind: str  # "mean" or "weighted"
    oof: Proba  # float64 (n, 10): with equal weights, or by nested cross-validation of the weights
    test: Proba  # float64 (t, 10)
    nested_gain: float  # reduction of the log loss by nested weights instead of equal ones, in nats
    nested_gain_error: float  # its standard error, paired on the same rows


@dataclass(frozen=True)
class Ensemble:
    """A blend that was written as the submission."""

    members: list[OofPredictions]
    blend: Blend
    labels: Labels  # int64 (n,): of the training rows
    test_labels: Labels | None  # int64 (t,): of the test rows, which only the embedded sample has
    excluded: dict[str, str]  # experiments that are not members although none were named, each with the reason


def make_ensemble(workspace: Workspace, experiments: Sequence[str] = ()) -> Ensemble:
    """Blend experiments and write the blend as submissions/submission.csv, with its origin in submission.json.

    Args:
        workspace: where the folds and the fold results are.
        experiments: the members; none for all that have all folds and were trained on all rows and nothing else.

    Raises:
        InputError: an experiment lacks a fold or learns from drawn digits, a fold result is damaged or of other data,
            or no experiment is complete.
    """
    folds = load_folds(workspace)
    if experiments:
        members = [load_oof_predictions(workspace, name, folds) for name in dict.fromkeys(experiments)]
        excluded: dict[str, str] = {}
        for member in members:
            if member.learns_drawn_digits:
                raise InputError(f"{member.experiment} {_FOR_THE_APP}; leave it out of the submission")
    else:
        members, excluded = _load_complete_members(workspace, folds)
    result = blend(members, folds.labels, folds.assignment)
    write_submission(result, members, folds, workspace)
    has_test_labels = workspace.test_labels_csv.exists()
    test_labels = read_submission(workspace.test_labels_csv, len(result.test)) if has_test_labels else None
    return Ensemble(members, result, folds.labels, test_labels, excluded)


def _load_complete_members(workspace: Workspace, folds: Folds) -> tuple[list[OofPredictions], dict[str, str]]:
    """Load the experiments that have all folds and were trained on all training rows and nothing else.

    Returns:
        The members, and by experiment why each of the others is excluded.

    Raises:
        InputError: a fold result is damaged, or no experiment is complete.
    """
    members, excluded = [], {}
    for name in list_trained(workspace):
        num_complete = len(load_fold_records(workspace, name, folds.num_folds))
        if num_complete < folds.num_folds:
            excluded[name] = f"has {num_complete} of {folds.num_folds} folds"
            continue
        member = load_oof_predictions(workspace, name, folds)
        if member.train_fraction < 1:
            excluded[name] = f"was trained on {100 * member.train_fraction:g} % of the rows"
        elif member.learns_drawn_digits:
            excluded[name] = _FOR_THE_APP
        else:
            members.append(member)
    if not members:
        raise InputError(f"no experiment in {workspace.oof_dir} has all its folds; train one: python -m scripts.train")
    return members, excluded


def blend(members: Sequence[OofPredictions], labels: Labels, assignment: npt.NDArray[np.int64]) -> Blend:
    """Blend with equal weights, unless weights chosen on OOF predictions beat them by more than one standard error.

    The weights are evaluated by nested cross-validation: those for a fold's rows are chosen on the other folds' rows.
    Equal weights are compared at their best temperature, because the sum of chosen weights is an inverse temperature.

    Args:
        members: at least one.
        labels: int64 (n,).
        assignment: int64 (n,), the fold of each row.

    Raises:
        InputError: the members are of different data or folds.
    """
    require_same_data(members)
    oof = np.stack([member.oof for member in members])
    test = np.stack([member.test for member in members])
    equal = np.full(len(members), 1 / len(members))
    mean_oof = mix(equal, oof)
    nested_oof = mix_nested(oof, labels, assignment)
    gain, gain_error = log_loss_gain(labels, nested_oof, scale_nested(mean_oof, labels, assignment))
    is_weighted = len(members) > 1 and gain > gain_error  # One weight alone would be a temperature.
    weights = choose_weights(oof, labels) if is_weighted else equal
    return Blend(
        weights=weights,
        kind="weighted" if is_weighted else "mean",
        oof=nested_oof if is_weighted else mean_oof,
        test=mix(weights, test),
        nested_gain=gain,
        nested_gain_error=gain_error,
    )


def write_submission(result: Blend, members: Sequence[OofPredictions], folds: Folds, workspace: Workspace) -> None:
    """Write submission.csv and, beside it, submission.json with the origin of the submission.

    Args:
        result: the blend of the members.
        members: at least one.
        folds: labels and folds of the training rows.
        workspace: where the data are and the files go.

    Raises:
        InputError: test.csv is missing, or it or sample_submission.csv is not the one that the members predicted.
    """
    check_sample_submission(workspace, len(result.test))
    require_test_images(members[0], fingerprint(load_test(workspace)), workspace)
    image_id, label = SUBMISSION_COLUMNS
    table = pd.DataFrame({image_id: np.arange(1, len(result.test) + 1), label: result.test.argmax(axis=1)})
    origin = _describe_origin(result, members, folds.labels)
    with atomic_write(workspace.submission_csv) as temporary:
        table.to_csv(temporary, index=False)
        read_submission(temporary, len(result.test))
        origin["file_hash"] = hash_file(temporary)
        workspace.submission_json.unlink(missing_ok=True)  # A crash must not leave it beside another submission.
    with atomic_write(workspace.submission_json) as temporary:
        temporary.write_text(json.dumps(origin, indent=2) + "\n")


def _describe_origin(result: Blend, members: Sequence[OofPredictions], labels: Labels) -> dict[str, Any]:
    """Describe members, weights, OOF metrics, fingerprints and machines of a blend as plain values for JSON."""
    records = [record for member in members for record in member.records]
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
        "fingerprints": records[0].fingerprints,
        "devices": sorted({f"{record.processor}, {record.device}" for record in records}),
        "train_seconds": sum(record.train_seconds for record in records),
        "commit": find_commit(),
    }


def make_message(origin: dict[str, Any]) -> str:
    """Make the message that Kaggle shows with a submission, from submission.json: members, OOF accuracy, commit."""
    return f"{' + '.join(origin['members'])}, OOF {origin['oof_accuracy']:.5f}, commit {origin['commit']}"


def load_blended_recipes(workspace: Workspace) -> dict[str, str]:
    """Read the recipe hashes of the members of the last blend, by experiment; none if there is no blend yet.

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

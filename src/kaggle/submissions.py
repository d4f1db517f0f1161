"""What may be sent to Kaggle, and what was sent: checks before, submissions/log.csv after."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.common.arrays import fingerprint
from src.common.errors import InputError
from src.common.files import atomic_write, hash_file
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train, read_submission

LOG_TYPES = {
    "time": "str",  # of sending: UTC, ISO 8601
    "file_hash": "str",
    "message": "str",
    "oof_accuracy": "float64",  # nan for a file made elsewhere
    "public_score": "float64",  # nan until it is known
    "reference": "int64",  # Kaggle's number of the submission
    "commit": "str",
}


@dataclass(frozen=True)
class Candidate:
    """A file that may be sent."""

    path: Path
    file_hash: str  # 16 hex digits of SHA-256 over its bytes
    origin: dict[str, Any]  # what submission.json says; empty for a file made elsewhere


def check_submission(path: Path, workspace: Workspace, force: bool = False) -> Candidate:
    """Check that a file is a submission, and that its .json says it was made from the present data.

    Args:
        force: take a file that was made elsewhere, with no .json or that of other data.

    Raises:
        InputError: the file is no submission, or not one of the present data.
    """
    if workspace.test_labels_csv.exists():
        raise InputError(f"{workspace.input_dir} holds the embedded sample, which is not for Kaggle")
    test_images = load_test(workspace)
    read_submission(path, len(test_images))
    file_hash = hash_file(path)
    try:
        return Candidate(path, file_hash, find_origin(path, test_images, workspace))
    except InputError as error:
        if force:
            return Candidate(path, file_hash, {})
        remedy = "make one by python -m scripts.ensemble, or send a file that was made elsewhere with --force"
        raise InputError(f"{error}; {remedy}") from None


def find_origin(path: Path, test_images: np.ndarray, workspace: Workspace) -> dict[str, Any]:
    """Read the .json of a submission: from what it was made.

    Raises:
        InputError: it is missing or damaged, or the submission is another file or of other data.
    """
    file_hash, origin_path = hash_file(path), path.with_suffix(".json")
    try:
        origin = json.loads(origin_path.read_text())
        fingerprints, made = origin["fingerprints"], origin["file_hash"]
        describe(Candidate(path, file_hash, origin))
    except FileNotFoundError:
        raise InputError(f"{origin_path}, which says where the submission comes from, is missing") from None
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{origin_path} does not say where the submission comes from") from None
    if made != file_hash:
        raise InputError(f"{path} is not the file that {origin_path.name} describes")
    present = {"train": fingerprint(*load_train(workspace)), "test": fingerprint(test_images)}
    if any(fingerprints.get(name) != present[name] for name in present):
        raise InputError(f"{path} was made from other data than the present {workspace.input_dir}")
    return origin


def describe(candidate: Candidate) -> str:
    """The message that a submission carries unless another is given: experiments, OOF and commit."""
    origin = candidate.origin
    if not origin:
        return f"{candidate.path.name}, made elsewhere"
    return f"{' + '.join(origin['members'])}, OOF {origin['oof_accuracy']:.5f}, commit {origin['commit']}"


def load_log(workspace: Workspace) -> pd.DataFrame:
    """What was sent from this workspace, the oldest first, with the columns of LOG_TYPES.

    Raises:
        InputError: the log cannot be read.
    """
    path = workspace.submission_log_csv
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in LOG_TYPES.items()})
    try:
        return pd.read_csv(path, dtype=LOG_TYPES)[list(LOG_TYPES)]
    except (ValueError, KeyError) as error:
        raise InputError(f"{path} is not a log of submissions ({error}); mend or delete it") from None


def sign(message: str, candidate: Candidate) -> str:
    """Add 8 digits of the file's hash, by which `require_unsent` knows it again whoever sent it."""
    return f"{message} [{candidate.file_hash[:8]}]"


def require_unsent(candidate: Candidate, log: pd.DataFrame, sent: pd.DataFrame) -> None:
    """Raise InputError if the very same file was sent already; the message says when, and its score.

    Args:
        log: what was sent from this workspace, see `load_log`.
        sent: Kaggle's list, see `merge_history`; it also has what was sent elsewhere, or what is not in the log because
            Kaggle's answer was lost.
    """
    history = merge_history(log, sent)
    signed = history["message"].fillna("").str.endswith(sign("", candidate).strip())
    same = history[(history["file_hash"] == candidate.file_hash) | signed]
    if len(same):
        time, score = same.iloc[-1][["time", "public_score"]]
        scored = "no score yet" if pd.isna(score) else f"public score {score:.5f}"
        raise InputError(f"Kaggle has {candidate.path} since {time} ({scored}); send it once more with --again")


def append_to_log(workspace: Workspace, candidate: Candidate, time: str, message: str, reference: int) -> None:
    """Add a row for a file that Kaggle has; its score is not known yet."""
    row = {
        "time": time,
        "file_hash": candidate.file_hash,
        "message": message,
        "oof_accuracy": candidate.origin.get("oof_accuracy", np.nan),
        "public_score": np.nan,
        "reference": reference,
        "commit": candidate.origin.get("commit") or "",
    }
    log = pd.concat([load_log(workspace), pd.DataFrame([row])], ignore_index=True)
    _save(log.astype(LOG_TYPES), workspace)


def log_scores(workspace: Workspace, scores: dict[int, float]) -> pd.DataFrame:
    """Fill in the public scores, by Kaggle's reference, that the log does not have yet. Returns the log."""
    log = load_log(workspace)
    known = log["public_score"].fillna(log["reference"].map(scores))
    if not known.equals(log["public_score"]):
        log["public_score"] = known
        _save(log, workspace)
    return log


def _save(log: pd.DataFrame, workspace: Workspace) -> None:
    with atomic_write(workspace.submission_log_csv) as temporary:
        log.to_csv(temporary, index=False)


def merge_history(log: pd.DataFrame, sent: pd.DataFrame) -> pd.DataFrame:
    """Put what Kaggle has and what was sent from here together, the oldest first.

    Args:
        log: see `load_log`.
        sent: columns reference, time, message, status, public_score: Kaggle's list.

    Returns:
        The columns of both; Kaggle's word counts where both know something. Submissions of other machines have no
        oof_accuracy, file_hash and commit.
    """
    ours = log.set_index("reference")
    theirs = sent.set_index("reference")
    return theirs.combine_first(ours).reset_index().sort_values("time", ignore_index=True)

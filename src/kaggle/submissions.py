"""Submissions to Kaggle: check a file, send it, log it and wait for its score."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from src.common.arrays import Images, Labels, fingerprint
from src.common.competition import SUBMISSION_COLUMNS
from src.common.errors import InputError
from src.common.files import hash_file
from src.common.progress import bar, say
from src.common.workspace import Workspace
from src.data.csv_files import load_test, load_train, read_submission
from src.evaluation.ensemble import make_message
from src.kaggle.client import count_submissions_left, list_submissions, send, wait_for_score
from src.kaggle.submission_log import append_to_log, load_log, log_scores, merge_history

ENSEMBLE_REMEDY = "make a submission with python -m scripts.ensemble"
_LATER = "to see the score later: python -m scripts.submissions"


@dataclass(frozen=True)
class Candidate:
    """A file that may be sent."""

    path: Path
    file_hash: str  # 16 hex digits of SHA-256 over its bytes
    origin: dict[str, Any]  # the contents of submission.json; empty for a file made elsewhere

    def describe(self) -> str:
        """Return the message that a submission has unless another is given."""
        return make_message(self.origin) if self.origin else f"{self.path.name}, made elsewhere"

    def tag(self) -> str:
        """Return 8 digits of the file's hash in brackets: at the end of its message they identify the file."""
        return f"[{self.file_hash[:8]}]"


@dataclass(frozen=True)
class SentSubmission:
    """What `submit` has done."""

    path: Path
    message: str
    num_left: int  # submissions that Kaggle still accepts today
    reference: int | None = None  # Kaggle's number; None for a dry run
    public_score: float | None = None  # None if it is not known yet


def submit(  # noqa: PLR0913  Each argument is an option of the command.
    workspace: Workspace,
    path: Path | None = None,
    message: str | None = None,
    *,
    force: bool = False,
    again: bool = False,
    dry_run: bool = False,
    wait_seconds: float = 600,
) -> SentSubmission:
    """Check a submission, send it to Kaggle, log it and wait for its score.

    Args:
        workspace: whose data the submission is for, and whose log is kept.
        path: the file; None for the workspace's submission.csv.
        message: what Kaggle shows with it; None for `Candidate.describe`. The tag of the file is added.
        force: also send a file that was made elsewhere.
        again: also send a file that was sent before.
        dry_run: do everything but send.
        wait_seconds: the longest time to wait for the score.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: the file must not be sent, Kaggle refuses it or cannot score it, or the network fails.
    """
    candidate = check_submission(path or workspace.submission_csv, workspace, force)
    log = load_log(workspace)  # A damaged log is an error before the file is sent, not after.
    if not again:
        _require_not_sent(candidate, log, list_submissions())
    message = f"{message or candidate.describe()} {candidate.tag()}"
    num_left = count_submissions_left()
    if num_left < 1:
        raise InputError("Kaggle accepts no more submissions today; send it tomorrow (the day changes at 0:00 UTC)")
    if dry_run:
        return SentSubmission(candidate.path, message, num_left)
    reference = send(candidate.path, message)
    say(f"sent as submission {reference}; waiting up to {wait_seconds:.0f} s for the score")
    append_to_log(workspace, _make_log_row(candidate, message, reference))
    sent = SentSubmission(candidate.path, message, num_left - 1, reference)
    return replace(sent, public_score=_wait_for_score(reference, wait_seconds, workspace))


def _make_log_row(candidate: Candidate, message: str, reference: int) -> dict[str, Any]:
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "file_hash": candidate.file_hash,
        "message": message,
        "oof_accuracy": candidate.origin.get("oof_accuracy", np.nan),
        "public_score": np.nan,
        "reference": reference,
        "commit": candidate.origin.get("commit") or "",
    }


def _wait_for_score(reference: int, seconds: float, workspace: Workspace) -> float | None:
    """Wait for the score and log it; return None, after a line of progress, if it is not known yet."""
    try:
        with bar("waiting", total=None):
            submission = wait_for_score(reference, seconds)
    except InputError as error:  # Kaggle has the file, so this is no failure of the submission.
        say(f"the request for the score failed: {error}; {_LATER}")
        return None
    if submission is None:
        say(f"there is no score yet; {_LATER}")
        return None
    if submission.public_score is None:
        raise InputError(
            f"Kaggle could not score submission {reference} ({submission.error or submission.status}); correct the "
            "file and send it again"
        )
    log_scores(workspace, {reference: submission.public_score})
    return submission.public_score


def check_submission(path: Path, workspace: Workspace, force: bool = False) -> Candidate:
    """Check that a file is a submission, and that its .json says it was made from the present data.

    Args:
        path: the file.
        workspace: which has the present data.
        force: also accept a file that was made elsewhere, without a .json or with that of other data.

    Raises:
        InputError: the file is no submission, or not one of the present data.
    """
    if workspace.test_labels_csv.exists():
        raise InputError(
            f"{workspace.input_dir} holds the embedded sample, which is not for Kaggle; name another workspace with "
            "DIGITS_WORKSPACE"
        )
    test_images = load_test(workspace)
    _require_kaggles_format(path, read_submission(path, len(test_images), ENSEMBLE_REMEDY))
    try:
        origin = load_origin(path, test_images, workspace)
    except InputError as error:
        if not force:
            remedy = f"{ENSEMBLE_REMEDY}, or send a file that was made elsewhere with --force"
            raise InputError(f"{error}; {remedy}") from None
        origin = {}
    return Candidate(path, hash_file(path), origin)


def _require_kaggles_format(path: Path, labels: Labels) -> None:
    """Check that a submission is written as Kaggle's example is, which is stricter than what `read_submission` accepts.

    Raises:
        InputError: a line differs.
    """
    expected = [",".join(SUBMISSION_COLUMNS), *(f"{row},{label}" for row, label in enumerate(labels, start=1))]
    lines = path.read_bytes().decode(errors="replace").rstrip().split("\n")
    for number, (line, right) in enumerate(zip(lines, expected, strict=False), start=1):
        if line.rstrip("\r") != right:
            raise InputError(f"{path}, line {number} is {line[:20]!r} but Kaggle reads {right!r}; {ENSEMBLE_REMEDY}")


def load_origin(path: Path, test_images: Images, workspace: Workspace) -> dict[str, Any]:
    """Read the .json of a submission, which says where it comes from, and check that it belongs to the file.

    Raises:
        InputError: it is missing or damaged, or the submission is another file or of other data.
    """
    file_hash, origin_path = hash_file(path), path.with_suffix(".json")
    try:
        origin: dict[str, Any] = json.loads(origin_path.read_text())
        fingerprints, recorded_hash = dict(origin["fingerprints"]), origin["file_hash"]
        Candidate(path, file_hash, origin).describe()
    except FileNotFoundError:
        raise InputError(f"{origin_path}, which says where the submission comes from, is missing") from None
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{origin_path} does not say where the submission comes from") from None
    if recorded_hash != file_hash:
        raise InputError(f"{path} is not the file that {origin_path.name} describes")
    present = {"train": fingerprint(*load_train(workspace)), "test": fingerprint(test_images)}
    if any(fingerprints.get(name) != present[name] for name in present):
        raise InputError(f"{path} was made from other data than the present {workspace.input_dir}")
    return origin


def _require_not_sent(candidate: Candidate, log: pd.DataFrame, listed: pd.DataFrame) -> None:
    """Check that the very same file was not sent before, from this workspace or elsewhere.

    Raises:
        InputError: it was; the message says when, and its score.
    """
    history = merge_history(log, listed)
    is_tagged = history["message"].fillna("").str.endswith(candidate.tag())
    same = history[(history["file_hash"] == candidate.file_hash) | is_tagged]
    if len(same):
        time, score = same.iloc[-1][["time", "public_score"]]
        score_text = "no score yet" if pd.isna(score) else f"public score {score:.5f}"
        raise InputError(f"Kaggle has had {candidate.path} since {time} ({score_text}); to send it again, add --again")

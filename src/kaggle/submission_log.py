"""The log of submissions, submissions/log.csv, and its merge with Kaggle's own list."""

from typing import Any

import pandas as pd

from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.workspace import Workspace
from src.kaggle.client import list_submissions

_LOG_TYPES = {
    "time": "str",  # of sending: UTC, ISO 8601
    "file_hash": "str",
    "message": "str",
    "oof_accuracy": "float64",  # nan for a file made elsewhere
    "public_score": "float64",  # nan until it is known
    "reference": "int64",  # Kaggle's number of the submission
    "commit": "str",
}


def load_log(workspace: Workspace) -> pd.DataFrame:
    """Read submissions/log.csv: what was sent from this workspace, the oldest first.

    Returns:
        Columns: time (of sending: UTC, ISO 8601), file_hash, message, oof_accuracy (nan for a file made elsewhere),
        public_score (nan until it is known), reference (Kaggle's number of the submission), commit.

    Raises:
        InputError: the log cannot be read.
    """
    path = workspace.submission_log_csv
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in _LOG_TYPES.items()})
    try:
        return pd.read_csv(path, dtype=_LOG_TYPES)[list(_LOG_TYPES)]
    except (ValueError, KeyError) as error:
        raise InputError(f"{path} is not a log of submissions ({error}); correct or delete it") from None


def append_to_log(workspace: Workspace, row: dict[str, Any]) -> None:
    """Add a submission that Kaggle has: a value for each column of `load_log`."""
    log = pd.concat([load_log(workspace), pd.DataFrame([row])], ignore_index=True)
    _save_log(log.astype(_LOG_TYPES), workspace)


def log_scores(workspace: Workspace, scores: dict[int, float]) -> pd.DataFrame:
    """Add the public scores, by Kaggle's reference, that the log lacks; return the log."""
    log = load_log(workspace)
    known = log["public_score"].fillna(log["reference"].map(scores))
    if not known.equals(log["public_score"]):
        log["public_score"] = known
        _save_log(log, workspace)
    return log


def _save_log(log: pd.DataFrame, workspace: Workspace) -> None:
    with atomic_write(workspace.submission_log_csv) as temporary:
        log.to_csv(temporary, index=False)


def update_history(workspace: Workspace) -> pd.DataFrame:
    """Ask Kaggle for all submissions of this account, and add the public scores that the log lacks.

    Returns:
        One row per submission, the oldest first: the columns of `load_log` and of `client.list_submissions`. Where both
        have a value, it is Kaggle's. Submissions from elsewhere have no oof_accuracy, file_hash and commit.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: the log cannot be read, Kaggle refuses, or the network fails.
    """
    listed = list_submissions()
    scored = listed.dropna(subset="public_score")
    log = log_scores(workspace, dict(zip(scored["reference"], scored["public_score"], strict=True)))
    return merge_history(log, listed)


def merge_history(log: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    """Merge the log with Kaggle's list of submissions.

    Args:
        log: the columns of `load_log`.
        listed: the columns of `client.list_submissions`.

    Returns:
        One row per submission, the oldest first, with all of these columns; Kaggle's values replace those of the log.
    """
    merged = listed.set_index("reference").combine_first(log.set_index("reference"))
    return merged.reset_index().sort_values("time", ignore_index=True)

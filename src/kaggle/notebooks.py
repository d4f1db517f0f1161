"""Training in a Kaggle notebook: push one that holds this code, wait for its run, and save its fold results.

Kaggle's API calls a notebook a kernel.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from src.common.competition import PAGE
from src.common.errors import InputError
from src.common.progress import bar, say
from src.common.workspace import Workspace
from src.data.csv_files import load_test
from src.data.folds import load_folds
from src.kaggle.connection import connect
from src.kaggle.notebook_files import TITLE, write_pushed_files
from src.kaggle.notebook_results import adopt_results

LATER = "to fetch the results of the run later: python -m scripts.push_notebook --fetch"
_MAX_FAILURES = 5
"""Requests for the status that may fail in a row."""
_UNFINISHED = {"QUEUED", "RUNNING", "NEW_SCRIPT", "CANCEL_REQUESTED"}
"""Statuses of a run that is not over; the others are COMPLETE, ERROR and CANCEL_ACKNOWLEDGED."""


@dataclass(frozen=True)
class FetchedRun:
    """What `fetch_results` has saved of a run at Kaggle."""

    num_saved: int  # folds that the workspace did not have
    failure: str  # why the run ended early; empty if it did not


@dataclass(frozen=True)
class _Status:
    name: str  # QUEUED, RUNNING, COMPLETE, ERROR, ...
    failure: str


def push_notebook(experiments: Sequence[str], workspace: Workspace) -> str:
    """Send a private notebook that trains experiments on the workspace's folds, and start it.

    Args:
        experiments: names; none for the default set of scripts/run_folds.sh.
        workspace: where the folds are.

    Returns:
        The address of its page.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: the workspace has no folds or test.csv, Kaggle does not accept the notebook, or the network fails.
    """
    _require_local_data(workspace)
    username = _find_username()
    with tempfile.TemporaryDirectory() as directory:
        write_pushed_files(Path(directory), username, experiments, workspace)
        with connect() as api:
            response = api.kernels_push(directory)
    if response.error or not response.url:
        reason = response.error or "no reason given"
        raise InputError(f"Kaggle did not accept the notebook ({reason}); correct that and run the command again")
    if response.invalid_competition_sources:
        raise InputError(
            f"Kaggle runs the notebook without the data, so stop it at {response.url}; accept the rules at "
            f"{PAGE}/rules, then send it again"
        )
    return str(response.url)


def fetch_results(workspace: Workspace, interval: float) -> FetchedRun:
    """Wait until the last run of the notebook is over, and save its results in the workspace.

    Results of a run that ended early are saved as well; its log is shown.

    Args:
        workspace: where the results go; it must have the folds that the run has used.
        interval: seconds between two requests for the status.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: Kaggle has no run, its results are damaged or of other data or folds, the network fails, or the user
            stops waiting by Ctrl-C.
    """
    _require_local_data(workspace)
    notebook, failure = f"{_find_username()}/{TITLE}", ""
    try:
        with bar("waiting", total=None):
            status = _wait_for_end(notebook, interval)
        with tempfile.TemporaryDirectory() as directory:
            with connect() as api, contextlib.redirect_stdout(sys.stderr):
                api.kernels_output(notebook, directory, force=True, page_size=100)
            if status.name != "COMPLETE":
                failure = f"the run at Kaggle ended early ({f'{status.name} {status.failure}'.strip()})"
                log = Path(directory) / f"{TITLE}.log"
                say(log.read_text("utf-8") if log.exists() else "Kaggle has kept no log of the run")
            return FetchedRun(adopt_results(Path(directory), workspace), failure)
    except InputError as error:
        raise InputError("; ".join(filter(None, [failure, str(error), LATER]))) from None
    except KeyboardInterrupt:
        raise InputError(f"stopped waiting, but the run continues at Kaggle; {LATER}") from None


def _require_local_data(workspace: Workspace) -> None:
    """Check, before anything is sent, that the workspace has what fetched results are compared with."""
    load_folds(workspace)
    load_test(workspace)


def _find_username() -> str:
    with connect() as api:
        return str(api.config_values["username"])


def _wait_for_end(notebook: str, interval: float) -> _Status:
    """Ask for the status until the run is over, and show each change.

    Raises:
        InputError: Kaggle has no run, or too many requests failed in a row.
    """
    last, num_failures = "", 0
    while True:
        try:
            status = _ask_status(notebook)
        except InputError:
            num_failures += 1
            if num_failures == _MAX_FAILURES:
                raise
        else:
            num_failures = 0
            if status.name not in _UNFINISHED:
                return status
            if status.name != last:
                say(f"{notebook}: {status.name.lower()}")
                last = status.name
        time.sleep(interval)


def _ask_status(notebook: str) -> _Status:
    with connect() as api:
        try:
            response = api.kernels_status(notebook)
        except (InputError, OSError):  # A proxy, the network, or an answer that is no JSON: each is a ValueError too.
            raise
        except ValueError:  # The package's message is several sentences about leaderboards.
            raise InputError(f"Kaggle has no run of {notebook}; send one: python -m scripts.push_notebook") from None
    return _Status(response.status.name, response.failure_message or "")

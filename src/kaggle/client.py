"""Kaggle through its official package: download the competition's files, send submissions, read their scores."""

import contextlib
import io
import shutil
import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from src.common.competition import PAGE, SLUG
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.downloads import unpack
from src.kaggle.connection import connect

_PAGE_SIZE = 100
"""Submissions per response of the API."""


def download_competition(workspace: Workspace, force: bool = False) -> None:
    """Download the competition's files into input/ and verify them; an interrupted download is resumed.

    Args:
        workspace: which gets the files.
        force: replace other files of these names in input/.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: Kaggle refuses, the network fails, or the downloaded files are not the competition's data.
    """
    zip_path = workspace.download_dir / f"{SLUG}.zip"
    workspace.download_dir.mkdir(parents=True, exist_ok=True)
    with connect() as api, contextlib.redirect_stdout(sys.stderr):
        api.competition_download_files(SLUG, path=str(workspace.download_dir), force=False, quiet=False)
    try:
        if not zip_path.exists():  # The package names the file after the address that it was sent to.
            raise InputError(
                f"Kaggle sent something else than the competition's zip; try again later, or download it from "
                f"{PAGE}/data in a browser and run python -m scripts.download_data --from-zip PATH"
            )
        unpack([zip_path], workspace, force)
    finally:  # A whole zip is no longer needed; a damaged one must not be taken for a download to resume.
        shutil.rmtree(workspace.download_dir, ignore_errors=True)


@dataclass(frozen=True)
class KaggleSubmission:
    """A submission as Kaggle lists it."""

    reference: int  # Kaggle's number
    time: str  # UTC, ISO 8601
    message: str
    status: str  # PENDING, COMPLETE or ERROR
    public_score: float | None
    error: str


def count_submissions_left() -> int:
    """Ask Kaggle how many submissions it still accepts today.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: Kaggle refuses, or the network fails.
    """
    with connect() as api:
        return int(api.competition_get_submission_limits(SLUG).num_allowed_now)


def send(path: Path, message: str) -> int:
    """Send a submission.

    Returns:
        Kaggle's reference, which proves that Kaggle has the file.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: Kaggle refuses the file, or the network fails.
    """
    printed = io.StringIO()
    with connect() as api, contextlib.redirect_stdout(printed):
        response = api.competition_submit(str(path), message, SLUG, quiet=True)
    if not response.ref:  # The package does not raise an error when the upload fails.
        reasons = " ".join(f"{printed.getvalue()} {response.message or ''}".split())
        raise InputError(f"Kaggle did not accept {path} ({reasons or 'no reason given'}); run the command again")
    return int(response.ref)


def list_submissions() -> pd.DataFrame:
    """Ask Kaggle for all submissions of this account, the latest first.

    Returns:
        One row per submission; the columns are the fields of `KaggleSubmission`.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: Kaggle refuses, or the network fails.
    """
    submissions: dict[int, KaggleSubmission] = {}
    page = 1
    with connect() as api:
        while True:
            listed = _list_page(api, page)
            num_known = len(submissions)
            submissions |= {submission.reference: submission for submission in listed}
            if len(listed) < _PAGE_SIZE or len(submissions) == num_known:
                columns = [field.name for field in fields(KaggleSubmission)]
                return pd.DataFrame(map(asdict, submissions.values()), columns=columns)
            page += 1


def wait_for_score(reference: int, seconds: float, interval: float = 5.0) -> KaggleSubmission | None:
    """Ask Kaggle for a submission until it is scored or rejected.

    Args:
        reference: Kaggle's number of the submission.
        seconds: the longest time to wait.
        interval: seconds between two requests.

    Returns:
        The submission, or None if Kaggle takes longer.

    Raises:
        NoCredentialsError: the kaggle package finds no credentials.
        InputError: Kaggle refuses, or the network fails.
    """
    deadline = time.monotonic() + seconds
    with connect() as api:
        while True:
            for submission in _list_page(api, 1):
                if submission.reference == reference and submission.status != "PENDING":
                    return submission
            if time.monotonic() + interval > deadline:
                return None
            time.sleep(interval)


def _list_page(api: Any, page: int) -> list[KaggleSubmission]:
    return [
        KaggleSubmission(
            reference=item.ref,
            time=item.date.isoformat(timespec="seconds"),
            message=item.description,
            status=item.status.name,
            public_score=float(item.public_score) if item.public_score else None,
            error=item.error_description or "",
        )
        for item in api.competition_submissions(SLUG, page_number=page, page_size=_PAGE_SIZE) or []
    ]

"""Kaggle, through its official package: download the competition's files, send submissions, read their scores."""

import contextlib
import io
import shutil
import sys
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from src.common.competition import SLUG
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.downloads import unpack
from src.kaggle.connection import connect

PAGE_SIZE = 100  # submissions per answer


def fetch(workspace: Workspace) -> None:
    """Download the competition's files into input/ and verify them; an interrupted download is resumed.

    Raises:
        NoCredentialsError: the kaggle package finds neither token nor key.
        InputError: Kaggle refuses, the network fails, or what arrives is not the competition's data.
    """
    zip_path = workspace.download_dir / f"{SLUG}.zip"
    workspace.download_dir.mkdir(parents=True, exist_ok=True)
    with connect() as api, contextlib.redirect_stdout(sys.stderr):
        api.competition_download_files(SLUG, path=str(workspace.download_dir), force=False, quiet=False)
    try:
        unpack(zip_path, workspace)
    finally:  # a whole zip is of no more use, a damaged one or another file must not be taken for whole
        shutil.rmtree(workspace.download_dir)


@dataclass(frozen=True)
class Sent:
    """A submission that Kaggle has."""

    reference: int  # Kaggle's number
    time: str  # UTC, ISO 8601
    message: str
    status: str  # PENDING, COMPLETE or ERROR
    public_score: float | None
    error: str


def count_left() -> int:
    """Ask how many submissions Kaggle still takes today. Raises InputError as `fetch` does."""
    with connect() as api:
        return api.competition_get_submission_limits(SLUG).num_allowed_now


def send(path: Path, message: str) -> int:
    """Send a submission; returns Kaggle's reference, so it has the file.

    Raises:
        InputError: as `fetch`, or the upload failed.
    """
    said = io.StringIO()
    with connect() as api, contextlib.redirect_stdout(said):
        answer = api.competition_submit(str(path), message, SLUG, quiet=True)
    if not answer.ref:  # the package does not raise where the upload fails
        reasons = " ".join(f"{said.getvalue()} {answer.message or ''}".split())
        raise InputError(f"Kaggle did not take {path} ({reasons or 'no reason given'}); run the command again")
    return answer.ref


def list_sent() -> pd.DataFrame:
    """Ask for all submissions of this account, the latest first; the columns are the fields of `Sent`.

    Raises:
        InputError: as `fetch`.
    """
    sent: dict[int, Sent] = {}
    page = 1
    with connect() as api:
        while True:
            answers = _list_page(api, page)
            num_known = len(sent)
            sent |= {answer.reference: answer for answer in answers}
            if len(answers) < PAGE_SIZE or len(sent) == num_known:
                return pd.DataFrame(map(asdict, sent.values()), columns=[field.name for field in fields(Sent)])
            page += 1


def _list_page(api: Any, page: int) -> list[Sent]:
    return [
        Sent(
            reference=answer.ref,
            time=answer.date.isoformat(timespec="seconds"),
            message=answer.description,
            status=answer.status.name,
            public_score=float(answer.public_score) if answer.public_score else None,
            error=answer.error_description or "",
        )
        for answer in api.competition_submissions(SLUG, page_number=page, page_size=PAGE_SIZE) or []
    ]


def wait_for_score(reference: int, seconds: float, interval: float = 5.0) -> Sent | None:
    """Look at a submission until Kaggle has scored or refused it; None if that takes longer than `seconds`.

    Raises:
        InputError: as `fetch`.
    """
    deadline = time.monotonic() + seconds
    with connect() as api:
        while True:
            for sent in _list_page(api, 1):
                if sent.reference == reference and sent.status != "PENDING":
                    return sent
            if time.monotonic() + interval > deadline:
                return None
            time.sleep(interval)

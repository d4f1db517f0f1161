"""Kaggle, through its official package: download the competition's files, send submissions, read their scores."""

import contextlib
import io
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.competition import PAGE, SLUG
from src.downloads import unpack
from src.errors import InputError
from src.workspace import Workspace, find_kaggle_credentials

SETTINGS = "https://www.kaggle.com/settings"
PAGE_SIZE = 100  # submissions per answer


class NoCredentialsError(InputError):
    """No way to authenticate at Kaggle was found."""


def fetch(workspace: Workspace) -> None:
    """Download the competition's files into input/ and verify them; an interrupted download is resumed.

    Raises:
        NoCredentialsError: the kaggle package finds neither token nor key.
        InputError: Kaggle refuses, the network fails, or what arrives is not the competition's data.
    """
    zip_path = workspace.download_dir / f"{SLUG}.zip"
    workspace.download_dir.mkdir(parents=True, exist_ok=True)
    _download(workspace.download_dir)
    try:
        unpack(zip_path, workspace)
    finally:
        zip_path.unlink()  # a whole one is of no more use, a damaged one must not be taken for whole


def _download(directory: Path) -> None:
    with _connect() as api, contextlib.redirect_stdout(sys.stderr):
        api.competition_download_files(SLUG, path=str(directory), force=False, quiet=False)


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
    with _connect() as api:
        return api.competition_get_submission_limits(SLUG).num_allowed_now


def send(path: Path, message: str) -> int:
    """Send a submission; returns Kaggle's reference, so it has the file.

    Raises:
        InputError: as `fetch`, or the upload failed.
    """
    with _connect() as api, contextlib.redirect_stdout(io.StringIO()):
        answer = api.competition_submit(str(path), message, SLUG, quiet=True)
    if not answer.ref:  # the package does not raise where the upload fails
        raise InputError(f"Kaggle did not take {path} ({answer.message or 'no reason given'}); run the command again")
    return answer.ref


def list_sent() -> list[Sent]:
    """Ask for all submissions of this account, the latest first. Raises InputError as `fetch` does."""
    sent: dict[int, Sent] = {}
    page = 1
    with _connect() as api:
        while True:
            answers = _list_page(api, page)
            num_known = len(sent)
            sent |= {answer.reference: answer for answer in answers}
            if len(answers) < PAGE_SIZE or len(sent) == num_known:
                return list(sent.values())
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
    with _connect() as api:
        while True:
            for sent in _list_page(api, 1):
                if sent.reference == reference and sent.status != "PENDING":
                    return sent
            if time.monotonic() + interval > deadline:
                return None
            time.sleep(interval)


@contextlib.contextmanager
def _connect() -> Iterator[Any]:
    """Authenticate by whatever the kaggle package knows, and put what goes wrong while it is used in a sentence."""
    import requests

    has_credentials = bool(find_kaggle_credentials())
    try:
        yield _authenticate()
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        remedy = {
            401: f"make a new API token at {SETTINGS}",
            403: f"accept the rules at {PAGE}/rules",
            404: f"look whether the competition is still at {PAGE}",
        }
        raise InputError(f"Kaggle refused ({code}: {error}); {remedy.get(code, 'try again later')}") from None
    except requests.RequestException as error:
        raise InputError(
            f"no connection to Kaggle, or it broke off ({error}); run the command again, it goes on where it stopped"
        ) from None
    except (SystemExit, ValueError):  # how the package says that it cannot authenticate
        if has_credentials:
            raise InputError(f"Kaggle does not accept your credentials; make a new API token at {SETTINGS}") from None
        raise NoCredentialsError(
            f"there are no Kaggle credentials; (1) make an API token at {SETTINGS} and set KAGGLE_API_TOKEN to it, or "
            f"(2) download the zip from {PAGE}/data in a browser and run python -m scripts.download_data --from-zip "
            "PATH, or (3) take the embedded sample: bash scripts/run_folds.sh --sample"
        ) from None


def _authenticate() -> Any:
    with contextlib.redirect_stdout(io.StringIO()):  # it prints pages of help where there are no credentials
        from kaggle.api.kaggle_api_extended import KaggleApi

        api = KaggleApi()
        api.authenticate()
    return api

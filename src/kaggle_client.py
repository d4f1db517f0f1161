"""The official `kaggle` package: downloading the competition's files."""

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

from src.competition import PAGE, SLUG
from src.errors import InputError
from src.workspace import Workspace


class NoCredentialsError(InputError):
    """No way to authenticate at Kaggle was found."""


def download(workspace: Workspace, force: bool = False) -> Path:
    """Download the competition's zip into input/.download/; an interrupted download is resumed.

    Args:
        force: fetch it anew even if a whole one is there.

    Returns:
        the zip's path.

    Raises:
        NoCredentialsError: the kaggle package finds neither token nor key.
        InputError: Kaggle refuses, or the network fails.
    """
    import requests

    api = _connect()
    workspace.download_dir.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            api.competition_download_files(SLUG, path=str(workspace.download_dir), force=force, quiet=False)
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        remedy = {
            401: "make a new API token at https://www.kaggle.com/settings",
            403: f"accept the rules at {PAGE}/rules",
        }
        raise InputError(
            f"Kaggle refused the download ({code}: {error}); {remedy.get(code, 'try again later')}"
        ) from None
    except requests.RequestException as error:
        raise InputError(
            f"the download broke off ({error}); run the command again, it goes on where it stopped"
        ) from None
    return workspace.download_dir / f"{SLUG}.zip"


def _connect() -> Any:
    """Authenticate by whatever the kaggle package knows: a token, a key, kaggle.json or `kaggle auth login`."""
    chatter = io.StringIO()  # importing and authenticating print pages of help where there are no credentials
    try:
        with contextlib.redirect_stdout(chatter):
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
    except SystemExit:
        raise NoCredentialsError(
            "there are no Kaggle credentials; (1) make an API token at https://www.kaggle.com/settings and set "
            f"KAGGLE_API_TOKEN to it, or (2) download the zip from {PAGE}/data in a browser and run "
            "python -m scripts.download_data --from-zip PATH, or (3) take the embedded sample: "
            "python -m scripts.download_data --sample"
        ) from None
    return api

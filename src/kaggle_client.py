"""The official `kaggle` package: downloading the competition's files."""

import contextlib
import io
import sys
from pathlib import Path
from typing import Any

from src.competition import PAGE, SLUG
from src.downloads import unpack
from src.errors import InputError
from src.workspace import Workspace, find_kaggle_credentials

SETTINGS = "https://www.kaggle.com/settings"


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
    _download(workspace.download_dir, has_credentials=bool(find_kaggle_credentials()))
    try:
        unpack(zip_path, workspace)
    finally:
        zip_path.unlink()  # a whole one is of no more use, a damaged one must not be taken for whole


def _download(directory: Path, has_credentials: bool) -> None:
    import requests

    try:
        api = _connect()
        with contextlib.redirect_stdout(sys.stderr):
            api.competition_download_files(SLUG, path=str(directory), force=False, quiet=False)
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        remedy = {401: f"make a new API token at {SETTINGS}", 403: f"accept the rules at {PAGE}/rules"}
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


def _connect() -> Any:
    """Authenticate by whatever the kaggle package knows: a token, a key, kaggle.json or `kaggle auth login`."""
    with contextlib.redirect_stdout(io.StringIO()):  # it prints pages of help where there are no credentials
        from kaggle.api.kaggle_api_extended import KaggleApi

        api = KaggleApi()
        api.authenticate()
    return api

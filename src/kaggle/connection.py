"""The official `kaggle` package, authenticated, with its failures in sentences."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any

from src.common.competition import PAGE
from src.common.errors import InputError
from src.common.workspace import find_kaggle_credentials

SETTINGS = "https://www.kaggle.com/settings"
MAX_SILENCE = 60.0  # seconds that Kaggle may keep silent


class NoCredentialsError(InputError):
    """No way to authenticate at Kaggle was found."""


@contextlib.contextmanager
def connect() -> Iterator[Any]:
    """Authenticate by whatever the kaggle package knows: a token, a key, kaggle.json or `kaggle auth login`.

    Nothing is imported, printed or asked of the network before. What goes wrong meanwhile becomes one sentence.

    Raises:
        NoCredentialsError: the package finds neither token nor key.
        InputError: Kaggle refuses, or the network fails.
    """
    import requests

    try:
        with _refusing_silence_and_error_pages():
            yield _authenticate()
    except InputError:  # says it already
        raise
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
    except ValueError as error:  # how the package refuses what it is given
        raise InputError(f"the kaggle package refused: {error}") from None


@contextlib.contextmanager
def _refusing_silence_and_error_pages() -> Iterator[None]:
    """Mend two gaps of the package: it waits for a silent server for ever, and saves error pages as files."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def send_in_time(adapter: Any, request: Any, **settings: Any) -> Any:
        response = send(adapter, request, **settings | {"timeout": settings.get("timeout") or MAX_SILENCE})
        if request.method == "GET" and response.status_code != 416:  # 416: nothing is left to resume, which it knows
            response.raise_for_status()
        return response

    HTTPAdapter.send = send_in_time  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        HTTPAdapter.send = send  # type: ignore[method-assign]


def _authenticate() -> Any:
    credentials = find_kaggle_credentials()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints pages of help where there are no credentials
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
            return api
    except (SystemExit, ValueError):  # how the package says that it cannot authenticate
        if credentials:
            raise InputError(
                f"Kaggle does not accept your credentials ({', '.join(credentials)}); make a new API token at "
                f"{SETTINGS}"
            ) from None
        raise NoCredentialsError(
            f"there are no Kaggle credentials; (1) make an API token at {SETTINGS} and set KAGGLE_API_TOKEN to it, or "
            f"(2) download the zip from {PAGE}/data in a browser and run python -m scripts.download_data --from-zip "
            "PATH, or (3) take the embedded sample: bash scripts/run_folds.sh --sample"
        ) from None

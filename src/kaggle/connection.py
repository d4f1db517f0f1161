"""The official `kaggle` package, authenticated, with its failures turned into sentences."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any

from src.common.competition import PAGE
from src.common.errors import InputError
from src.common.workspace import find_kaggle_credentials

SETTINGS = "https://www.kaggle.com/settings"
MAX_SILENCE = 60.0
"""Seconds without a byte from Kaggle after which a request fails."""


class NoCredentialsError(InputError):
    """No way to authenticate at Kaggle was found."""


@contextlib.contextmanager
def connect() -> Iterator[Any]:
    """Give the package's API object, authenticated by whatever the package finds.

    That is a token, a key, kaggle.json or `kaggle auth login`. The package is imported here and not earlier, as its
    import reads credentials and takes time. Failures inside the block are raised as one sentence.

    Raises:
        NoCredentialsError: the package finds no credentials.
        InputError: Kaggle refuses, or the network fails.
    """
    import requests

    try:
        with _strict_http():
            yield _authenticate()
    except InputError:
        raise
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        remedy = {
            401: f"make a new API token at {SETTINGS}",
            403: f"accept the rules at {PAGE}/rules",
            404: f"check whether the competition is still at {PAGE}",
        }
        raise InputError(f"Kaggle refused ({code}: {error}); {remedy.get(code, 'try again later')}") from None
    except requests.RequestException as error:
        raise InputError(
            f"the connection to Kaggle failed ({error}); run the command again, a download continues where it stopped"
        ) from None
    except ValueError as error:  # The package raises it for arguments and responses that it does not accept.
        raise InputError(f"the kaggle package reports: {error}; correct that and run the command again") from None


@contextlib.contextmanager
def _strict_http() -> Iterator[None]:
    """Add a timeout and a check of the status to the package's requests while the block runs.

    The package passes no timeout, so it would wait for a silent server forever. It also saves error pages as if they
    were the requested file. It offers no setting for either, so the transport of `requests` is replaced meanwhile.
    """
    import requests
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def send_strictly(adapter: Any, request: Any, **settings: Any) -> Any:
        response = send(adapter, request, **settings | {"timeout": settings.get("timeout") or MAX_SILENCE})
        # The package handles 416 itself: nothing is left to resume.
        if request.method == "GET" and response.status_code != requests.codes.requested_range_not_satisfiable:
            response.raise_for_status()
        return response

    HTTPAdapter.send = send_strictly  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        HTTPAdapter.send = send  # type: ignore[method-assign]


def _authenticate() -> Any:
    credentials = find_kaggle_credentials()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # The package prints pages of help without credentials.
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
            return api
    except (SystemExit, ValueError):  # The package raises either when it cannot authenticate.
        if credentials:
            raise InputError(
                f"Kaggle does not accept your credentials ({', '.join(credentials)}); make a new API token at "
                f"{SETTINGS}"
            ) from None
        raise NoCredentialsError(
            f"there are no Kaggle credentials; (1) make an API token at {SETTINGS} and set KAGGLE_API_TOKEN to it, or "
            f"(2) download the zip from {PAGE}/data in a browser and run python -m scripts.download_data --from-zip "
            "PATH, or (3) use the embedded sample: bash scripts/run_folds.sh --sample"
        ) from None

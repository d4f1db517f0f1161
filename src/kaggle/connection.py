"""The official `kaggle` package, authenticated, with its failures turned into sentences."""

import contextlib
import io
import json
import re
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from src.common.competition import PAGE
from src.common.errors import InputError
from src.kaggle.credentials import SETTINGS, find_credentials

MAX_SILENCE = 60.0
"""Seconds without a byte from Kaggle after which a request fails."""
_REMEDIES = {
    401: f"make a new API token at {SETTINGS}",
    403: f"accept the rules at {PAGE}/rules",
    404: f"check whether the competition is still at {PAGE}",
    429: "there were too many requests: wait some minutes",
}
_PAGE_REMEDY = "open a page in a browser, as your network may ask for a login or block Kaggle, or try again later"
_PROXY_LOGIN = (
    "the proxy asks for a user name and a password (code 407); set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT"
)


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

    _check_proxies()
    try:
        with _strict_http():
            yield _authenticate()
    except InputError:
        raise
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else 0
        raise InputError(f"Kaggle refused ({code}: {error}); {_REMEDIES.get(code, 'try again later')}") from None
    except json.JSONDecodeError as error:  # Also the one of requests.
        raise InputError(f"what came back is no answer of Kaggle's ({error}); {_PAGE_REMEDY}") from None
    except requests.RequestException as error:
        raise InputError(_explain(error)) from None
    except OSError as error:
        if error.errno is not None:
            raise
        # So requests reports a missing file of certificates.
        raise InputError(f"{error}; correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or unset it") from None
    except ValueError as error:  # The package raises it for arguments and responses that it does not accept.
        raise InputError(f"the kaggle package reports: {error}; correct that and run the command again") from None


def _explain(error: Exception) -> str:
    """Say where a request has failed: at the proxy, at the certificate or in the network."""
    import requests

    reason = re.sub(r".*\(Caused by (.*)\)$", r"\1", str(error))
    reason = re.sub(r"//[^/@\s]*@", "//", reason)  # without the password of a proxy
    if isinstance(error, requests.exceptions.ProxyError):
        if "407" in reason:
            return _PROXY_LOGIN
        return (
            f"the connection to Kaggle failed at the proxy that HTTPS_PROXY or ALL_PROXY names ({reason}); correct it"
        )
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"the certificate of the server is not trusted ({reason}); if a proxy of your network replaces "
            "certificates, set REQUESTS_CA_BUNDLE to the file of its own"
        )
    return f"the connection to Kaggle failed ({reason}); run the command again, a download continues where it stopped"


def _check_proxies() -> None:
    """Check the proxies that the environment names.

    Raises:
        InputError: one is not the URL of a proxy, so that requests would use a wrong host and port.
    """
    for scheme, url in urllib.request.getproxies().items():
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            is_valid = (
                parts.hostname and parts.port != 0 and not (parts.path.strip("/") or parts.query or parts.fragment)
            )
        except ValueError:
            is_valid = False
        if scheme in ("http", "https", "all") and not is_valid:
            raise InputError(
                f"{scheme.upper()}_PROXY is not the URL of a proxy; write http://USER:PASSWORD@HOST:PORT, and in the "
                "password %23 for #, %2F for /, %3F for ?, %40 for @ and %5B for ["
            )


@contextlib.contextmanager
def _strict_http() -> Iterator[None]:
    """Add a timeout and a check of the answer to the package's requests while the block runs.

    The package passes no timeout, so it would wait for a silent server forever. It also saves error pages as if they
    were the requested file, and takes the pages of a proxy for refused credentials. It offers no
    setting for either, so the transport of `requests` is replaced meanwhile.
    """
    import requests
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    def send_strictly(adapter: Any, request: Any, **settings: Any) -> Any:
        response = send(adapter, request, **settings | {"timeout": settings.get("timeout") or MAX_SILENCE})
        if response.status_code == requests.codes.proxy_authentication_required:
            raise InputError(_PROXY_LOGIN)
        if "text/html" in response.headers.get("Content-Type", ""):
            place = f"{urlsplit(request.url).hostname} (code {response.status_code})"
            raise InputError(f"a web page came from {place} instead of an answer of Kaggle's; {_PAGE_REMEDY}")
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
    credentials = find_credentials()
    if not credentials:
        raise NoCredentialsError(
            f"there are no Kaggle credentials; (1) make an API token at {SETTINGS} and set KAGGLE_API_TOKEN to it, or "
            f"(2) download the zip from {PAGE}/data in a browser and run python -m scripts.download_data --from-zip "
            "PATH, or (3) use the embedded sample: bash scripts/run_folds.sh --sample"
        )
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # The package prints pages of help without credentials.
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
            return api
    except SystemExit:  # So the package ends when Kaggle accepts no credentials.
        raise InputError(
            f"Kaggle does not accept your credentials ({', '.join(credentials)}); make a new API token at {SETTINGS}"
        ) from None

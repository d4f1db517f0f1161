"""The connection to Kaggle: credentials, timeouts, and failures as sentences."""

import json
import subprocess
import sys

import pytest

from src.common.errors import InputError
from src.common.workspace import REPOSITORY
from src.kaggle import connection
from src.kaggle.client import count_submissions_left
from src.kaggle.credentials import find_credentials

CREDENTIAL_FILES = {
    ".kaggle/kaggle.json": {"username": "someone", "key": "s3cret"},
    ".config/kaggle/kaggle.json": {"username": "someone", "key": "s3cret"},
    ".kaggle/access_token": "KGAT_s3cret",
    ".kaggle/credentials.json": {"refresh_token": "s3cret", "username": "someone"},  # of `kaggle auth login`
}


def write_credentials(tmp_path, name):
    path = tmp_path / "home" / name
    path.parent.mkdir(parents=True)
    contents = CREDENTIAL_FILES[name]
    path.write_text(contents if isinstance(contents, str) else json.dumps(contents))
    path.chmod(0o600)


def test_a_slow_answer_is_waited_for(kaggle, account):
    kaggle.delay = 1.0
    assert count_submissions_left() == 5


def test_a_silent_server_is_one_sentence(kaggle, account, monkeypatch):
    monkeypatch.setattr(connection, "MAX_SILENCE", 0.5)
    kaggle.delay = 60.0
    with pytest.raises(InputError, match=r"the connection to Kaggle failed .*timed out"):
        count_submissions_left()
    kaggle.delay = 0.0
    assert count_submissions_left() == 5


@pytest.fixture
def ask_kaggle(make_environment):
    """Ask in a new process, as the package reads credentials when it is imported: the answer, or the error."""
    code = """
import src.kaggle.client
try:
    print(src.kaggle.client.count_submissions_left())
except src.common.errors.InputError as error:
    print(f"{type(error).__name__}: {error}")
"""

    def ask(credentials=None):
        command, environment = [sys.executable, "-c", code], make_environment(credentials)
        result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
        assert not result.stderr and "s3cret" not in result.stdout and result.stdout.count("\n") == 1
        return result.stdout.strip()

    return ask


@pytest.mark.parametrize("name", CREDENTIAL_FILES)
def test_credentials_in_a_file_work(kaggle, ask_kaggle, tmp_path, name):
    write_credentials(tmp_path, name)
    assert ask_kaggle() == "5"
    assert kaggle.requests[-1] == "GetSubmissionLimits"


@pytest.mark.parametrize("name", [".kaggle/access_token", ".kaggle/credentials.json"])
def test_expired_credentials_in_a_file_are_not_taken_for_none(kaggle, ask_kaggle, tmp_path, name):
    write_credentials(tmp_path, name)
    kaggle.token_is_valid = False
    assert ask_kaggle().startswith("InputError: Kaggle does not accept your credentials")


def test_a_token_works(kaggle, ask_kaggle):
    assert ask_kaggle("token") == "5"
    assert "IntrospectToken" in kaggle.requests


def test_an_expired_token_is_not_taken_for_no_credentials(kaggle, ask_kaggle):
    kaggle.token_is_valid = False
    assert ask_kaggle("token").startswith("InputError: Kaggle does not accept your credentials")


J = ".kaggle/kaggle.json"
DAMAGED = {
    "byte order mark": ({}, {J: "\ufeff{}"}, "BOM"),
    "UTF-16": ({}, {J: '{"key": "s3cret"}'.encode("utf-16")}, "cannot be read"),
    "unclosed": ({}, {J: '{"key": "s3cret"'}, "is not a JSON file"),
    "empty": ({}, {J: ""}, "is not a JSON file"),
    "a list": ({}, {J: "[1]"}, "does not hold a JSON object"),
    "a list beside a token": ({"KAGGLE_API_TOKEN": "s3cret"}, {J: "[1]"}, "does not hold a JSON object"),
    "no username": ({}, {J: '{"key": "s3cret"}'}, "gives only the key"),
    "a number": ({}, {J: '{"username": "someone", "key": 5}'}, "holds no text"),
    "the file as directory": ({"KAGGLE_CONFIG_DIR": "HOME/kaggle.json"}, {"kaggle.json": "{}"}, "names a file"),
    "another directory": ({"KAGGLE_CONFIG_DIR": "HOME/other"}, {J: "{}"}, "does not read .*move it there"),
    "a variable alone": ({"KAGGLE_USERNAME": "someone"}, {}, "KAGGLE_USERNAME gives only the username"),
    "a line break": ({"KAGGLE_API_TOKEN": "s3cret\n"}, {}, "line break"),
    "a long token": ({"KAGGLE_API_TOKEN": "s3cret" * 50}, {}, "300 characters"),
    "no such file": ({"KAGGLE_API_TOKEN": "HOME/token"}, {}, "a file that does not exist"),
    "an empty file": ({"KAGGLE_API_TOKEN": "HOME/token"}, {"token": ""}, "which KAGGLE_API_TOKEN names, holds no text"),
    "an empty token file": ({}, {".kaggle/access_token": ""}, "access_token holds no text"),
    "a damaged login": ({}, {".kaggle/credentials.json": "{}"}, "refresh_token"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_credentials_are_not_taken_for_refused_ones(kaggle, make_environment, monkeypatch, tmp_path, name):
    variables, files, expected = DAMAGED[name]
    for variable in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(variable, raising=False)
    home = make_environment(None)["HOME"]
    for variable, value in ({"HOME": home} | variables).items():
        monkeypatch.setenv(variable, value.replace("HOME", home))
    for path, contents in files.items():
        file = tmp_path / "home" / path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    with pytest.raises(InputError, match=expected) as error:
        find_credentials()
    assert "s3cret" not in str(error.value) and "does not accept" not in str(error.value)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ((200, "text/html"), r"a web page came from localhost \(code 200\)"),
        ((403, "text/html; charset=utf-8"), r"a web page came from localhost \(code 403\)"),
        ((407, "text/plain"), "the proxy asks for a user name"),
        ((200, "text/plain"), "no answer of Kaggle's"),
    ],
)
def test_a_portal_is_not_taken_for_kaggle(kaggle, account, page, expected):
    kaggle.page = page
    with pytest.raises(InputError, match=expected):
        count_submissions_left()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"HTTPS_PROXY": "http://user:s3cret#@127.0.0.1:3128"}, "HTTPS_PROXY is not the URL of a proxy.*%23"),
        ({"HTTPS_PROXY": "http://user:s3/cret@127.0.0.1:3128"}, "HTTPS_PROXY is not the URL of a proxy"),
        ({"HTTPS_PROXY": "http://user:s3cret@127.0.0.1:1"}, "failed at the proxy"),
        ({"HTTPS_PROXY": "PROXY", "REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"}, "invalid path: /nowhere/ca.pem; correct"),
        ({"HTTPS_PROXY": "PROXY"}, "the proxy asks for a user name"),
    ],
)
def test_a_faulty_proxy_is_named(kaggle, account, monkeypatch, settings, expected):
    """Kaggle itself is asked over HTTPS, so the proxy, here the stand-in, has to make a tunnel."""
    from kaggle.api.kaggle_api_extended import KaggleApi

    monkeypatch.setattr(KaggleApi, "args", [])  # Not the local stand-in but Kaggle itself, which is never reached.
    for name, value in settings.items():
        monkeypatch.setenv(name, value.replace("PROXY", f"http://127.0.0.1:{kaggle.server_port}"))
    with pytest.raises(InputError, match=expected) as error:
        count_submissions_left()
    assert "s3cret" not in str(error.value)


def test_without_credentials_there_are_three_ways_to_go_on(kaggle, ask_kaggle):
    answer = ask_kaggle()
    assert answer.startswith("NoCredentialsError: ") and not kaggle.requests
    for way in ("KAGGLE_API_TOKEN", "--from-zip", "--sample"):
        assert way in answer


@pytest.mark.parametrize("credentials", ["key", "token"])
def test_no_network_is_one_sentence(kaggle, ask_kaggle, credentials):
    kaggle.stop()
    assert ask_kaggle(credentials).startswith("InputError: the connection to Kaggle failed")

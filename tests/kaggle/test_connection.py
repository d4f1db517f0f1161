"""The connection to Kaggle: credentials, timeouts, and failures as sentences."""

import json
import subprocess
import sys

import pytest

from src.common.errors import InputError
from src.common.workspace import REPOSITORY
from src.kaggle import connection
from src.kaggle.client import count_submissions_left

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


def test_without_credentials_there_are_three_ways_to_go_on(kaggle, ask_kaggle):
    answer = ask_kaggle()
    assert answer.startswith("NoCredentialsError: ") and not kaggle.requests
    for way in ("KAGGLE_API_TOKEN", "--from-zip", "--sample"):
        assert way in answer


@pytest.mark.parametrize("credentials", ["key", "token"])
def test_no_network_is_one_sentence(kaggle, ask_kaggle, credentials):
    kaggle.stop()
    assert ask_kaggle(credentials).startswith("InputError: the connection to Kaggle failed")

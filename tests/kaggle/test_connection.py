"""The kaggle package within this process: it waits for slow answers, and not for ever."""

import pytest

from src.common.errors import InputError
from src.kaggle.client import count_left


@pytest.fixture(autouse=True)
def stand_in(kaggle, monkeypatch, tmp_path):
    """The package meets the stand-in, and nobody's credentials."""
    settings = {
        "HOME": str(tmp_path),
        "KAGGLE_CONFIG_DIR": str(tmp_path),
        "KAGGLE_USERNAME": "someone",
        "KAGGLE_KEY": "s3cret",
        "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
        "HTTP_PROXY": f"http://127.0.0.1:{kaggle.server_port}",
    }
    monkeypatch.delenv("KAGGLE_API_TOKEN", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


def test_a_slow_answer_is_waited_for(kaggle):
    kaggle.delay = 1.0
    assert count_left() == 5


def test_a_silent_server_is_told_in_one_sentence(kaggle, monkeypatch):
    monkeypatch.setattr(kaggle_connection, "MAX_SILENCE", 0.5)
    kaggle.delay = 60.0
    with pytest.raises(InputError, match=r"no connection to Kaggle, or it broke off .*timed out"):
        count_left()
    kaggle.delay = 0.0
    assert count_left() == 5

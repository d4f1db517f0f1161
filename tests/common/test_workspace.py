"""Workspaces: which one is used, and what the kaggle package would find."""

import os

import pytest

from src.common import workspace
from src.common.errors import InputError
from src.common.workspace import (
    find_app_workspace,
    find_kaggle_settings,
    find_sample_workspace,
    find_thread_limit,
    find_workspace,
    make_private_dir,
)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """An empty directory in place of the repository."""
    monkeypatch.delenv("DIGITS_WORKSPACE", raising=False)
    monkeypatch.setattr(workspace, "REPOSITORY", tmp_path)
    monkeypatch.setattr(workspace, "SAMPLE_WORKSPACE", tmp_path / ".sample")
    return tmp_path


def test_a_link_to_itself_is_no_workspace(tmp_path, monkeypatch):
    (tmp_path / "link").symlink_to("link")
    monkeypatch.setenv("DIGITS_WORKSPACE", str(tmp_path / "link"))
    assert not find_workspace().train_csv.exists()  # So the commands say that it is missing.


@pytest.mark.parametrize("limit", ["many", "0", "-1", "1.5"])
def test_a_wrong_number_of_threads_is_named(monkeypatch, limit):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", limit)
    with pytest.raises(InputError, match="set OMP_NUM_THREADS to a number"):
        find_thread_limit()


def test_a_private_directory_is_nobody_elses(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / f"digit-recognizer-{os.getuid()}").symlink_to(other)  # Someone else was there first.
    directory = make_private_dir("gradio")
    assert directory.is_dir() and directory.parent.stat().st_mode & 0o777 == 0o700
    assert not list(other.iterdir())


def test_the_repository_is_the_default(repository, monkeypatch):
    assert find_workspace().root == repository and find_sample_workspace().root == repository / ".sample"
    monkeypatch.setenv("DIGITS_WORKSPACE", str(repository / "other"))
    assert find_workspace().root == find_sample_workspace().root == repository / "other"


def test_the_app_shows_the_sample_if_there_is_nothing_else(repository):
    assert find_app_workspace().root == repository / ".sample"
    (repository / "input").mkdir()
    (repository / "input" / "test.csv").touch()
    assert find_app_workspace().root == repository


@pytest.mark.parametrize(
    ("present", "config_dir"),
    [([], ".config/kaggle"), ([".kaggle"], ".kaggle"), ([".config/kaggle"], ".config/kaggle")],
)
def test_kaggle_json_is_expected_where_the_kaggle_package_looks(tmp_path, monkeypatch, present, config_dir):
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_API_TOKEN", "s3cret")
    for name in present:
        (tmp_path / name).mkdir(parents=True)
    settings = find_kaggle_settings()
    assert settings.config_dir == tmp_path / config_dir
    assert settings.variables == {"KAGGLE_API_TOKEN": "s3cret"}
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "mine"))
    assert find_kaggle_settings().config_dir == tmp_path / "mine"

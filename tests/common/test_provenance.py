"""Versions, threads and commit of a result."""

import os
import subprocess

import pytest

from src.common import provenance
from src.common.provenance import count_threads, describe_environment, find_commit


def test_the_environment_is_described():
    environment = describe_environment()
    assert set(environment) == {"python", "versions", "processor", "threads", "commit"}
    assert environment["versions"]["keras"] and environment["processor"]


@pytest.mark.parametrize(("limit", "threads"), [("1", 1), ("", len(os.sched_getaffinity(0)))])
def test_threads_can_be_limited(monkeypatch, limit, threads):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", limit)
    assert count_threads() == threads


def test_a_copy_within_another_repository_has_not_its_commit(monkeypatch, tmp_path):
    commit = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--allow-empty", "-m", "other"]
    for command in (["git", "init", "--quiet"], commit):
        subprocess.run(command, cwd=tmp_path, check=True)
    inner = tmp_path / "inner"
    inner.mkdir()
    monkeypatch.setattr(provenance, "REPOSITORY", inner)
    assert find_commit() is None
    (inner / "COMMIT").write_text("0123456789ab")
    assert find_commit() == "0123456789ab"


def test_a_packed_copy_knows_its_commit(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "REPOSITORY", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert find_commit() is None
    (tmp_path / "COMMIT").write_text("0123456789ab")
    assert find_commit() == "0123456789ab"

"""Atomic writes and locks."""

import subprocess
import sys

import pytest

from src.common.errors import InputError
from src.common.files import atomic_write, hash_file, is_being_written, locked, remove_stale_files
from tests.conftest import files_below


def test_a_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "new" / "file.txt"
    with atomic_write(path) as temporary:
        temporary.write_text("first")
        assert not path.exists() and is_being_written(temporary)
    assert path.read_text() == "first" and files_below(tmp_path) == {"new/file.txt"}


def test_an_error_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    before = hash_file(path)
    with pytest.raises(TypeError), atomic_write(path) as temporary, temporary.open("w") as file:
        file.writelines(["ne", None])
    assert hash_file(path) == before and files_below(tmp_path) == {"file.txt"}


def test_what_a_killed_process_has_left_is_removed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    stale = tmp_path / f".tmp.{process.pid}.file.txt"
    stale.touch()
    (tmp_path / "file.txt").touch()
    assert not is_being_written(stale)
    remove_stale_files(tmp_path)
    assert files_below(tmp_path) == {"file.txt"}


def test_a_second_lock_is_refused_until_the_first_is_released(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    with (
        locked(first),
        locked(second),
        pytest.raises(InputError, match=rf"another process is training in {second}"),
        locked(second),
    ):
        pass
    with locked(first, second):
        pass

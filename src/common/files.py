"""Atomic writes, locks and checksums."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from src.common.errors import InputError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that replaces it, synced to disk, when the block ends without an error.

    A reader sees the old file or the whole new one, never a part. After an error the temporary file is deleted.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp.{os.getpid()}.{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_being_written(temporary: Path) -> bool:
    """Tell whether the process that got a temporary path from `atomic_write` is still alive."""
    return Path("/proc", temporary.name.split(".")[2]).exists()


def remove_stale_files(directory: Path) -> None:
    """Delete the temporary files that killed processes left in a directory; call it only while you hold its lock."""
    for path in directory.glob(".tmp.*"):
        path.unlink()


@contextmanager
def locked(*directories: Path, wait: bool = False) -> Iterator[None]:
    """Keep other processes out of the directories while the block runs; the lock of a process that dies is released.

    Args:
        directories: are created if they do not exist.
        wait: wait until the others have released their locks instead of raising.

    Raises:
        InputError: another process holds the lock of one of them.
    """
    with ExitStack() as stack:
        for directory in directories:
            directory.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((directory / ".lock").open("w"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"another process is training in {directory}; wait for it or stop it") from None
        yield


def hash_file(path: Path) -> str:
    """Compute 16 hex digits of SHA-256 over the bytes of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]

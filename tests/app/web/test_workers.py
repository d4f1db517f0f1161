"""Worker processes: what happens when one crashes or takes too long."""

import os
import signal
from functools import partial
from pathlib import Path

import anyio
import pytest
from fastapi import HTTPException

from src.app.vision.decoding import TooLargeError
from src.app.web import workers
from src.app.web.workers import Workers
from src.common.errors import InputError


def list_pids(files):
    """Run in a worker: give its process id for each file."""
    return [os.getpid() for _ in files]


def fail(error, files):
    """Run in a worker."""
    raise error


def crash(files):
    """Run in a worker."""
    os.kill(os.getpid(), signal.SIGKILL)


def wait_forever(files):
    """Run in a worker."""
    signal.pause()


def run(function, *files):
    return anyio.run(Workers().run, function, files)


def test_the_work_is_done_in_another_process():
    (first, second) = run(list_pids, b"", b"")
    assert first == second != os.getpid()


@pytest.mark.parametrize(("error", "status"), [(InputError("a sentence"), 422), (TooLargeError("a sentence"), 413)])
def test_mistakes_of_users_keep_their_sentence(error, status):
    with pytest.raises(HTTPException) as refusal:
        run(partial(fail, error))
    assert (refusal.value.status_code, refusal.value.detail) == (status, "a sentence")


@pytest.mark.slow
@pytest.mark.parametrize("function", [crash, wait_forever])
def test_a_picture_that_crashes_or_blocks_every_worker_is_refused(function, monkeypatch):
    monkeypatch.setattr(workers, "MAX_SECONDS", 1.0)
    with pytest.raises(HTTPException, match="could not be processed") as refusal:
        run(function)
    assert refusal.value.status_code == 503


@pytest.mark.slow
def test_workers_that_die_are_replaced():
    async def use_and_kill():
        pool = Workers()
        await pool.start()
        for pid in _find_workers():
            os.kill(pid, signal.SIGKILL)
        return [await pool.run(list_pids, [b""]) for _ in range(4)]

    assert all(len(pids) == 1 for pids in anyio.run(use_and_kill))


def _find_workers():
    children = (int(pid) for path in Path("/proc/self/task").glob("*/children") for pid in path.read_text().split())
    found = [pid for pid in children if b"anyio.to_process" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert found
    return found

"""Worker processes that recognise pictures: the server goes on answering, and a crash costs one process."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import anyio
from fastapi import HTTPException

from src.app.vision.decoding import TooLargeError
from src.app.vision.picture_files import recognise_digit_files
from src.common.errors import InputError

NUM_WORKERS = min(max(2, len(os.sched_getaffinity(0))), 8)
"""Processes, of about 80 MB each. Threads would block one another, as much of the work holds Python's global lock."""
MAX_SECONDS = 20.0
"""Time limit of one request."""

Prediction = TypeVar("Prediction")


class Workers:
    """A pool of worker processes; anyio starts them when they are needed, and keeps them."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(NUM_WORKERS)

    async def start(self) -> None:
        """Start all workers, so that the first requests need not wait for them."""
        async with anyio.create_task_group() as tasks:
            for _ in range(NUM_WORKERS):
                tasks.start_soon(self._start_one)

    async def _start_one(self) -> None:
        with suppress(HTTPException):  # The next request tries again.
            await self.run(recognise_digit_files, [])

    async def run(
        self, recognise: Callable[[Sequence[bytes]], list[Prediction]], files: Sequence[bytes]
    ) -> list[Prediction]:
        """Recognise picture files in a worker.

        Args:
            recognise: a function of a module that the workers can import.
            files: undecoded picture files.

        Returns:
            One prediction per file.

        Raises:
            HTTPException: a picture has too many pixels (413) or cannot be decoded (422), or the recognition took too
                long or crashed (503).
        """
        for _ in range(NUM_WORKERS + 1):
            try:
                with anyio.fail_after(MAX_SECONDS):
                    return await anyio.to_process.run_sync(recognise, files, limiter=self._limiter, cancellable=True)
            except TooLargeError as error:
                raise HTTPException(413, str(error)) from None
            except InputError as error:
                raise HTTPException(422, str(error)) from None
            except TimeoutError:
                break
            except anyio.BrokenWorkerProcess:  # Perhaps another request's picture crashed it; the next worker is new.
                continue
        sentence = "the pictures could not be processed now; try again, or send fewer or smaller pictures"
        raise HTTPException(503, sentence, {"Retry-After": "1"})

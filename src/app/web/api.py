"""The digit reader over HTTP. `python -m scripts.app` serves it; /docs describes it."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import anyio
from fastapi import FastAPI, HTTPException, Request
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline

from src.app.vision.decoding import TooLargeError
from src.app.vision.recogniser import load_network_records, recognise_digit_files, recognise_number_files
from src.app.web.handlers import Page
from src.app.web.middleware import MAX_REQUESTS, RATE, Protection
from src.app.web.schemas import (
    PROBLEMS,
    Health,
    Number,
    Numbers,
    Prediction,
    Predictions,
    describe_number,
    describe_reading,
)
from src.app.web.uploads import REQUEST_BODY, read_pictures
from src.common.errors import InputError
from src.common.workspace import Workspace

NUM_READERS = max(2, len(os.sched_getaffinity(0)))  # processes, of 80 MB; threads would wait for one another
MAX_SECONDS = 20.0  # until a picture is read

Answer = TypeVar("Answer")

WAITING = (
    '<!doctype html><meta http-equiv="refresh" content="1"><title>Digit reader</title><p>The page is being prepared.'
)


def make_app(
    workspace: Workspace | None = None,
    rate: str = RATE,
    max_requests: int = MAX_REQUESTS,
    hosts: Sequence[str] = ("*",),
    framed_by: str = "",
) -> FastAPI:
    """Make the application.

    Args:
        workspace: whose images the page shows; without one there is no page.
        rate: how often one client may ask, such as 2000/second.
        max_requests: how many requests with a body there may be at once.
        hosts: names under which the server may be addressed; others are refused, so that no page of another name can
            ask it through a visitor's browser.
        framed_by: a site that shows the page in a frame, to everyone; then nothing of the workspace is shown, nor kept.

    Raises:
        InputError: files of the workspace that the page shows are damaged.
    """
    readers = anyio.CapacityLimiter(NUM_READERS)
    app = FastAPIOffline(
        title="Digit reader",
        version="1",
        redoc_url=None,
        lifespan=partial(_prepare, readers=readers, page=Page(workspace, bool(framed_by)) if workspace else None),
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(Protection, rate=rate, max_requests=max_requests, framed_by=framed_by)

    @app.post("/api/predict", openapi_extra={"requestBody": REQUEST_BODY}, responses=PROBLEMS)
    async def predict(request: Request) -> Prediction | Predictions:
        """Read the digit of a picture, or of several: files in the field `file`, or base64 in JSON."""
        files, one = await read_pictures(request)
        predictions = [describe_reading(reading) for reading in await _read(recognise_digit_files, files, readers)]
        return predictions[0] if one else Predictions(predictions=predictions)

    @app.post("/api/read", openapi_extra={"requestBody": REQUEST_BODY}, responses=PROBLEMS)
    async def read(request: Request) -> Number | Numbers:
        """Read the number that a picture, or each of several, shows: digits in one or more lines."""
        files, one = await read_pictures(request)
        numbers = [describe_number(number) for number in await _read(recognise_number_files, files, readers)]
        return numbers[0] if one else Numbers(numbers=numbers)

    @app.get("/api/health")
    async def health() -> Health:
        """Say that the server is up."""
        return Health(status="ok")

    @app.get("/api/model")
    async def model() -> dict[str, Any]:
        """Tell which network answers, and how good it is."""
        return load_network_records()

    return app


@asynccontextmanager
async def _prepare(app: FastAPI, readers: anyio.CapacityLimiter, page: Page | None) -> AsyncIterator[None]:
    """Start the readers, and build the page while the API answers already: importing Gradio takes seconds."""
    async with anyio.create_task_group() as tasks:
        for _ in range(NUM_READERS):
            tasks.start_soon(_start_reader, readers)
        if page is not None:
            app.add_api_route("/", lambda: HTMLResponse(WAITING), include_in_schema=False)
            tasks.start_soon(_serve_page, app, page)
        yield
        tasks.cancel_scope.cancel()


async def _serve_page(app: FastAPI, page: Page) -> None:
    def build() -> Any:
        from src.app.web import page

        return ui, ui.build_page(page)

    waiting = app.routes[-1]
    ui, blocks = await anyio.to_thread.run_sync(build)
    app.router.routes.remove(waiting)
    mounted = ui.mount_page(app, blocks)
    async with mounted.router.lifespan_context(mounted):  # as mounting it before the start would have done
        blocks.run_startup_events()
        await blocks.run_extra_startup_events()
        await anyio.sleep_forever()


async def _start_reader(readers: anyio.CapacityLimiter) -> None:
    with suppress(HTTPException):  # a request will try again
        await _read(recognise_digit_files, [], readers)


async def _read(
    read: Callable[[Sequence[bytes]], list[Answer]], files: list[bytes], readers: anyio.CapacityLimiter
) -> list[Answer]:
    for _ in range(NUM_READERS + 1):
        try:
            with anyio.fail_after(MAX_SECONDS):
                return await anyio.to_process.run_sync(read, files, limiter=readers, cancellable=True)
        except TooLargeError as error:
            raise HTTPException(413, str(error)) from None
        except InputError as error:
            raise HTTPException(422, str(error)) from None
        except TimeoutError:
            break
        except anyio.BrokenWorkerProcess:  # it was killed, perhaps for another's picture: another takes its place
            continue
    raise HTTPException(503, "this could not be read now; try again, or send a smaller picture", {"Retry-After": "1"})

"""The digit reader over HTTP. `python -m scripts.app` serves it; /docs describes it."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from fastapi import FastAPI, HTTPException, Request
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from src.app.page import Page
from src.app.pictures import TooLargeError, open_picture
from src.app.protection import MAX_REQUESTS, RATE, Protection
from src.app.recognizer import Reading, Recognizer, load_record
from src.app.requests import REQUEST_BODY, read_pictures
from src.errors import InputError
from src.workspace import Workspace

NUM_THREADS = max(2, os.cpu_count() or 1)  # that read pictures; further requests wait


WAITING = (
    '<!doctype html><meta http-equiv="refresh" content="1"><title>Digit reader</title><p>The page is being prepared.'
)


class Prediction(BaseModel):
    """What one picture says."""

    digit: int | None = Field(ge=0, le=9, description="null where the picture shows no digit")
    confidence: float = Field(ge=0, le=1, description="the digit's probability; 0 without a digit")
    probabilities: list[float] = Field(min_length=10, max_length=10, description="of the digits 0 to 9")


class Predictions(BaseModel):
    """What several pictures say, in their order."""

    predictions: list[Prediction]


class Problem(BaseModel):
    """Why there is no answer, and what to do."""

    detail: str


class Health(BaseModel):
    status: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "the body cannot be read as what it says it is"},
    408: {"model": Problem, "description": "the body did not arrive in time"},
    413: {"model": Problem, "description": "too many bytes or pixels"},
    415: {"model": Problem, "description": "neither a form nor JSON"},
    422: {"model": Problem, "description": "a field is missing, a picture cannot be read, or there are too many"},
    429: {"model": Problem, "description": "too many requests from one address"},
    503: {"model": Problem, "description": "too many requests at once"},
}


def make_app(
    workspace: Workspace | None = None,
    rate: str = RATE,
    max_requests: int = MAX_REQUESTS,
    hosts: Sequence[str] = ("*",),
) -> FastAPI:
    """Make the application.

    Args:
        workspace: whose images the page shows; without one there is no page.
        rate: how often one client may ask, such as 2000/second.
        max_requests: how many requests with a body there may be at once.
        hosts: names under which the server may be addressed; others are refused, so that no page of another name can
            ask it through a visitor's browser.

    Raises:
        InputError: files of the workspace that the page shows are damaged.
    """
    recognizer = Recognizer()
    threads = anyio.CapacityLimiter(NUM_THREADS)
    app = FastAPI(
        title="Digit reader",
        version="1",
        redoc_url=None,
        lifespan=None if workspace is None else partial(_with_page, page=Page(recognizer, workspace)),
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(Protection, rate=rate, max_requests=max_requests)

    @app.post("/api/predict", openapi_extra={"requestBody": REQUEST_BODY}, responses=PROBLEMS)
    async def predict(request: Request) -> Prediction | Predictions:
        """Read the digit of a picture, or of several: files in the field `file`, or base64 in JSON."""
        files, one = await read_pictures(request)
        readings = await anyio.to_thread.run_sync(partial(_read, recognizer, files), limiter=threads)
        predictions = [_answer(reading) for reading in readings]
        return predictions[0] if one else Predictions(predictions=predictions)

    @app.get("/api/health")
    async def health() -> Health:
        """Say that the server is up."""
        return Health(status="ok")

    @app.get("/api/model")
    async def model() -> dict[str, Any]:
        """Tell which network answers, and how good it is."""
        return load_record()

    return app


@asynccontextmanager
async def _with_page(app: FastAPI, page: Page) -> AsyncIterator[None]:
    """Build the page while the API answers already: importing Gradio takes seconds."""

    def build() -> Any:
        from src.app import ui

        return ui, ui.build_page(page)

    async def serve() -> None:
        ui, blocks = await anyio.to_thread.run_sync(build)
        app.router.routes.remove(waiting)
        mounted = ui.mount_page(app, blocks)
        async with mounted.router.lifespan_context(mounted):  # as mounting it before the start would have done
            blocks.run_startup_events()
            await blocks.run_extra_startup_events()
            await anyio.sleep_forever()

    app.add_api_route("/", lambda: HTMLResponse(WAITING), include_in_schema=False)
    waiting = app.routes[-1]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve)
        yield
        tasks.cancel_scope.cancel()


def _read(recognizer: Recognizer, files: list[bytes]) -> list[Reading]:
    try:
        return recognizer.read(open_picture(data) for data in files)
    except TooLargeError as error:
        raise HTTPException(413, str(error)) from None
    except InputError as error:
        raise HTTPException(422, str(error)) from None


def _answer(reading: Reading) -> Prediction:
    return Prediction(digit=reading.digit, confidence=reading.confidence, probabilities=reading.probabilities)

"""The web application: `python -m scripts.app` serves it, and /docs describes its API."""

import html
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import anyio
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline

from src.app.vision.picture_files import recognise_digit_files, recognise_number_files
from src.app.vision.recogniser import load_network_records
from src.app.web.handlers import PageHandlers
from src.app.web.middleware import MAX_REQUESTS, RATE, RequestLimits, SecurityHeaders
from src.app.web.schemas import (
    ERROR_RESPONSES,
    DigitResponse,
    DigitsResponse,
    HealthResponse,
    NumberResponse,
    NumbersResponse,
)
from src.app.web.uploads import REQUEST_BODY, read_pictures, refuse_parameter
from src.app.web.workers import Workers
from src.common.workspace import Workspace

if TYPE_CHECKING:
    import gradio

Pictures = Annotated[list[bytes], Depends(read_pictures)]

_WAITING = (
    '<!doctype html><meta http-equiv="refresh" content="1"><title>Digit recogniser</title>'
    "<p>The page is being prepared."
)
_FAILED = "<!doctype html><title>Digit recogniser</title><p>The page cannot be shown. The API works. The cause: "


def make_app(
    workspace: Workspace | None = None,
    rate: str = RATE,
    max_requests: int = MAX_REQUESTS,
    hosts: Sequence[str] = ("*",),
    framed_by: str = "",
    root_path: str = "",
) -> FastAPI:
    """Make the application.

    Args:
        workspace: the workspace whose images the page shows; without one there is no page.
        rate: requests of one client address, such as 2000/second.
        max_requests: POST requests at once.
        hosts: host names under which the server may be addressed. Others are refused, so that no page of another site
            can send requests through a visitor's browser.
        framed_by: origin of a site that shows the page in a frame to everyone. The page then shows nothing of the
            workspace and saves nothing there.
        root_path: path under which a reverse proxy serves the application, such as /digits; uvicorn needs it too.

    Raises:
        InputError: files of the workspace that the page shows are damaged.
    """
    workers = Workers()
    handlers = PageHandlers(workspace, is_public=bool(framed_by)) if workspace else None
    app = FastAPIOffline(
        title="Digit recogniser",
        version="1",
        redoc_url=None,
        lifespan=partial(_run, workers=workers, handlers=handlers, root_path=root_path),
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(RequestLimits, rate=rate, max_requests=max_requests)
    app.add_middleware(SecurityHeaders, framed_by=framed_by)
    app.add_exception_handler(RequestValidationError, refuse_parameter)
    _add_routes(app, workers)
    return app


def _add_routes(app: FastAPI, workers: Workers) -> None:
    @app.post("/api/predict", responses=ERROR_RESPONSES, openapi_extra={"requestBody": REQUEST_BODY})
    async def predict(pictures: Pictures) -> DigitResponse | DigitsResponse:
        """Recognise the digit of one picture, or of each of several: files in `file`, or base64 in JSON."""
        predictions = await workers.run(recognise_digit_files, pictures)
        digits = [DigitResponse.model_validate(prediction) for prediction in predictions]
        return digits[0] if len(digits) == 1 else DigitsResponse(predictions=digits)

    @app.post("/api/read", responses=ERROR_RESPONSES, openapi_extra={"requestBody": REQUEST_BODY})
    async def read(pictures: Pictures, digits_only: bool = False) -> NumberResponse | NumbersResponse:
        """Recognise all digits and signs (unless `digits_only`), in one or more lines, of one or several pictures."""
        predictions = await workers.run(partial(recognise_number_files, digits_only=digits_only), pictures)
        numbers = [NumberResponse.model_validate(prediction) for prediction in predictions]
        return numbers[0] if len(numbers) == 1 else NumbersResponse(numbers=numbers)

    @app.get("/api/health")
    async def health() -> HealthResponse:
        """Check that the server is running."""
        return HealthResponse(status="ok")

    @app.get("/api/model")
    async def model() -> dict[str, Any]:
        """Describe the networks: experiment, accuracy, size, training."""
        return load_network_records()


@asynccontextmanager
async def _run(app: FastAPI, workers: Workers, handlers: PageHandlers | None, root_path: str) -> AsyncIterator[None]:
    """Start the workers, and build the page while the API already answers: importing Gradio takes seconds."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.start)
        if handlers is not None:
            tasks.start_soon(_serve_page, app, handlers, root_path)
        yield
        tasks.cancel_scope.cancel()


async def _serve_page(app: FastAPI, handlers: PageHandlers, root_path: str) -> None:
    """Build the page and serve it until the task is cancelled; where that fails, the page and the log say why."""
    response = HTMLResponse(_WAITING)
    app.add_api_route("/", lambda: response, include_in_schema=False)
    waiting = app.routes[-1]
    try:
        blocks = await anyio.to_thread.run_sync(_build_page, handlers)
        from src.app.web.page import mount_page

        page = mount_page(app, blocks, root_path)
        async with page.router.lifespan_context(page):  # Mounted before the server's start, it would start twice.
            blocks.run_startup_events()  # type: ignore[no-untyped-call]
            await blocks.run_extra_startup_events()  # type: ignore[no-untyped-call]
            app.router.routes.remove(waiting)
            await anyio.sleep_forever()
    except Exception as error:  # Gradio's, about directories that it cannot write to, or a broken installation.
        cause = str(error) or repr(error)
        logging.getLogger("uvicorn.error").error("The page cannot be shown, the API works: %s", cause)
        response = HTMLResponse(_FAILED + html.escape(cause), 500)


def _build_page(handlers: PageHandlers) -> "gradio.Blocks":
    from src.app.web.page import build_page

    return build_page(handlers)

"""ASGI middleware in front of all routes, Gradio's included: limits of requests, and security headers.

The limits are our own code: slowapi ignores mounted applications such as Gradio's, uvicorn's `limit_concurrency` counts
the idle connections of open pages, and Starlette's `RequestBodyLimitMiddleware` limits the size of single bodies only.
"""

import anyio
from fastapi import HTTPException
from limits import parse
from limits.aio.storage import MemoryStorage  # The other one starts a thread for nearly every request.
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 32_000_000  # bytes: a photo of 12 megapixels as PNG, in base64
MAX_EVENT = 1_000_000  # bytes: a drawing in base64; Gradio keeps the waiting events of the page in memory
MAX_BYTES = 64_000_000  # of all bodies that are being received or processed
MAX_SECONDS = 15.0  # until a body has arrived
MAX_REQUESTS = 128  # POST requests at once; with more, people would wait too long
RATE = "2000/second"  # requests of one client address

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_API_POLICY = "default-src 'none'"
_DOCS_POLICY = (  # The page that describes the API has an inline script.
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
)
_PAGE_POLICY = (  # Gradio's page has many scripts, some of them inline.
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; connect-src 'self' data: blob:; "
    "worker-src 'self' blob:"
)


class SecurityHeaders:
    """Add headers that restrict what browsers do with a response.

    Args:
        app: the application behind this middleware.
        framed_by: origin of a site that may show the page in a frame; by default no site may.
    """

    def __init__(self, app: ASGIApp, framed_by: str = ""):
        self._app = app
        self._headers = _HEADERS if framed_by else _HEADERS | {"X-Frame-Options": "DENY"}
        self._ancestors = "; frame-ancestors " + (framed_by or "'none'")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add the headers to its response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (self._headers | self._choose_policy(_get_path(scope))).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _choose_policy(self, path: str) -> dict[str, str]:
        if path.startswith("/api/") or path == "/openapi.json":
            return {"Content-Security-Policy": _API_POLICY + self._ancestors, "Cache-Control": "no-store"}
        return {"Content-Security-Policy": (_DOCS_POLICY if path == "/docs" else _PAGE_POLICY) + self._ancestors}


class RequestLimits:
    """Refuse requests that are too many, too large or too slow, with status 408, 413, 429 or 503.

    Args:
        app: the application behind this middleware.
        rate: requests of one client address, such as 2000/second.
        max_requests: POST requests at once.
    """

    def __init__(self, app: ASGIApp, rate: str = RATE, max_requests: int = MAX_REQUESTS):
        self._app, self._rate, self._max_requests = app, parse(rate), max_requests
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._num_requests = 0  # POST requests in progress
        self._num_bytes = 0  # of their bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and (error := await self._check(scope)):
            response = JSONResponse({"detail": error.detail}, error.status_code, error.headers)
            await response(scope, receive, send)
        elif scope["type"] == "http" and scope["method"] == "POST":
            await self._pass_on(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> HTTPException | None:
        if not await self._limiter.hit(self._rate, (scope["client"] or ("unknown",))[0]):
            return _error(429, "too many requests from your address; wait a second")
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdecimal() and int(length) > _get_limit(scope):
            return _too_large(_get_limit(scope))
        if scope["method"] == "POST" and self._num_requests >= self._max_requests:
            return _busy()
        return None

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on whose body is counted while it arrives; FastAPI turns the exceptions into responses."""
        num_bytes, is_complete = 0, False
        limit, deadline = _get_limit(scope), anyio.current_time() + MAX_SECONDS

        async def receive_within_limits() -> Message:
            nonlocal num_bytes, is_complete
            if is_complete:  # The next message, whenever it comes, is that the client has disconnected.
                return await receive()
            try:
                with anyio.fail_after(max(0.0, deadline - anyio.current_time())):
                    message = await receive()
            except TimeoutError:
                raise _error(408, "the request did not arrive in time; send it again") from None
            size = len(message.get("body", b""))
            num_bytes += size
            self._num_bytes += size
            is_complete = not message.get("more_body", False)
            if num_bytes > limit:
                raise _too_large(limit)
            if self._num_bytes > MAX_BYTES:
                raise _busy()
            return message

        self._num_requests += 1
        try:
            await self._app(scope, receive_within_limits, send)
        finally:
            self._num_requests -= 1
            self._num_bytes -= num_bytes


def _get_limit(scope: Scope) -> int:
    path = _get_path(scope)
    is_event = path.startswith("/gradio_api/") and path != "/gradio_api/upload"
    return MAX_EVENT if is_event else MAX_BODY


def _get_path(scope: Scope) -> str:
    """Return the path of a request; some proxies leave the root path in front of it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _too_large(limit: int) -> HTTPException:
    return _error(413, f"the request is too large; send at most {limit:,} bytes")


def _busy() -> HTTPException:
    return _error(503, "too many requests at once; try again in a second")


def _error(status: int, sentence: str) -> HTTPException:
    headers = {"Retry-After": "1"} if status in (429, 503) else {"Connection": "close"}
    return HTTPException(status, sentence, headers)

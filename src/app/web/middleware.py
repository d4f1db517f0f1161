"""What stands before the routes: limits of size, rate and load, and headers that keep browsers from harm."""

import anyio
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 32_000_000  # bytes: a photo of 12 megapixels as PNG, in base64
MAX_EVENT = 1_000_000  # bytes: a drawing, in base64; Gradio keeps what waits in its queue
MAX_BYTES = 64_000_000  # of all bodies that are being received or read
MAX_SECONDS = 15.0  # until a body has arrived
MAX_REQUESTS = 128  # at once: more than this would wait for longer than people do
TOO_LARGE = "the request is too large; send at most {:,} bytes"
BUSY = "too many requests at once; try again in a second"
RATE = "2000/second"  # requests of one client
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
API = {"Content-Security-Policy": "default-src 'none'", "Cache-Control": "no-store"}
DOCS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'"
}
"""The page of the OpenAPI has an inline script."""
PAGE = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src "
    "'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; connect-src "
    "'self' data: blob:; worker-src 'self' blob:"
}
"""Gradio's page brings its own scripts, some of them inline."""


class Protection:
    """Answers 408, 413, 429 and 503 before a request costs much, and adds the headers."""

    def __init__(self, app: ASGIApp, rate: str = RATE, max_requests: int = MAX_REQUESTS, framed_by: str = ""):
        self.app, self.rate, self.max_requests = app, parse(rate), max_requests
        self.framing = {} if framed_by else {"X-Frame-Options": "DENY"}
        self.ancestors = "; frame-ancestors " + (framed_by or "'none'")
        self.limiter = FixedWindowRateLimiter(MemoryStorage())
        self.num_requests = 0  # that are being answered, of those that have a body
        self.num_bytes = 0  # of their bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"]
        own = API if path.startswith("/api/") or path == "/openapi.json" else DOCS if path == "/docs" else PAGE
        policy = {"Content-Security-Policy": own["Content-Security-Policy"] + self.ancestors}
        send = _add_headers(send, HEADERS | self.framing | own | policy)
        if not self.limiter.hit(self.rate, (scope["client"] or ("unknown",))[0]):
            return await _answer(429, "too many requests from your address; wait a second")(scope, receive, send)
        if scope["method"] != "POST":
            return await self.app(scope, receive, send)
        await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_event = scope["path"].startswith("/gradio_api/") and scope["path"] != "/gradio_api/upload"
        limit = MAX_EVENT if is_event else MAX_BODY
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > limit:
            return await _answer(413, TOO_LARGE.format(limit))(scope, receive, send)
        if self.num_requests >= self.max_requests:
            return await _answer(503, BUSY)(scope, receive, send)
        body = _Body(self, receive, limit)
        self.num_requests += 1
        try:
            await self.app(scope, body.receive, send)
        except _RefusedError as refusal:
            await _answer(*refusal.args)(scope, receive, send)
        finally:
            self.num_requests -= 1
            self.num_bytes -= body.num_bytes


class _RefusedError(Exception):
    """Status and sentence."""


class _Body:
    """Counts the bytes of a body while they come, and does not wait for ever."""

    def __init__(self, protection: Protection, receive: Receive, limit: int):
        self.protection, self._receive, self.limit = protection, receive, limit
        self.num_bytes, self.complete = 0, False
        self.deadline = anyio.current_time() + MAX_SECONDS

    async def receive(self) -> Message:
        if self.complete:  # what comes now is that the client has gone
            return await self._receive()
        try:
            with anyio.fail_after(max(0.0, self.deadline - anyio.current_time())):
                message = await self._receive()
        except TimeoutError:
            raise _RefusedError(408, "the request did not arrive in time; send it again") from None
        num_bytes = len(message.get("body", b""))
        self.num_bytes += num_bytes
        self.protection.num_bytes += num_bytes
        self.complete = not message.get("more_body", False)
        if self.num_bytes > self.limit:
            raise _RefusedError(413, TOO_LARGE.format(self.limit))
        if self.protection.num_bytes > MAX_BYTES:
            raise _RefusedError(503, BUSY)
        return message


def _add_headers(send: Send, added: dict[str, str]) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in added.items():
                headers.setdefault(name, value)
        await send(message)

    return adding


def _answer(status: int, sentence: str) -> JSONResponse:
    headers = {"Retry-After": "1"} if status in (429, 503) else {"Connection": "close"}
    return JSONResponse({"detail": sentence}, status, headers)

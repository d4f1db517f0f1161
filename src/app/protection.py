"""What stands before the routes: limits of size, rate and load, and headers that keep browsers from harm."""

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 32_000_000  # bytes: a photo of 12 megapixels as PNG, in base64
MAX_REQUESTS = 128  # at once: more than this would wait for longer than people do
RATE = "2000/second"  # requests of one client
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
API = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"}
DOCS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline' https://cdn.jsdelivr.net; style-src "
    "https://cdn.jsdelivr.net; img-src data: https://fastapi.tiangolo.com; connect-src 'self'; frame-ancestors 'none'"
}
"""FastAPI's page of the OpenAPI loads its scripts from there."""
PAGE = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src "
    "'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; connect-src "
    "'self' data: blob:; worker-src 'self' blob:; frame-ancestors 'none'"
}
"""Gradio's page brings its own scripts, some of them inline."""


class Protection:
    """Answers 413, 429 and 503 before a request costs anything, and adds the headers."""

    def __init__(self, app: ASGIApp, rate: str = RATE, max_requests: int = MAX_REQUESTS):
        self.app, self.rate, self.max_requests, self.num_requests = app, parse(rate), max_requests, 0
        self.limiter = FixedWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        path = scope["path"]
        own = API if path.startswith("/api/") or path == "/openapi.json" else DOCS if path == "/docs" else PAGE
        send = _add_headers(send, HEADERS | own)
        refusal = self._refuse(scope)
        if refusal is not None:
            return await refusal(scope, receive, send)
        self.num_requests += 1
        try:
            await self.app(scope, _count_bytes(receive), send)
        except _TooLargeError:
            await _TOO_LARGE(scope, receive, send)
        finally:
            self.num_requests -= 1

    def _refuse(self, scope: Scope) -> JSONResponse | None:
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > MAX_BODY:
            return _TOO_LARGE
        if not self.limiter.hit(self.rate, (scope["client"] or ("unknown",))[0]):
            return _answer(429, "too many requests from your address; wait a second")
        if self.num_requests >= self.max_requests:
            return _answer(503, "too many requests at once; try again in a second")
        return None


class _TooLargeError(Exception):
    pass


def _count_bytes(receive: Receive) -> Receive:
    """For bodies that do not say how long they are."""
    num_bytes = 0

    async def counting() -> Message:
        nonlocal num_bytes
        message = await receive()
        num_bytes += len(message.get("body", b""))
        if num_bytes > MAX_BODY:
            raise _TooLargeError
        return message

    return counting


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


_TOO_LARGE = _answer(413, f"the request is too large; send at most {MAX_BODY:,} bytes")

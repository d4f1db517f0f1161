"""Serve the digit recogniser, an HTTP API and a page: python -m scripts.app [--host 127.0.0.1] [--port 7860]."""

import argparse
import socket

from scripts import run
from src.common.errors import InputError
from src.common.workspace import find_app_workspace

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine only)")
    parser.add_argument("--port", type=int, default=7860, help="default: 7860")
    arguments = parser.parse_args()
    serve(arguments.host, arguments.port)


def serve(host: str, port: int, framed_by: str = "") -> None:
    """Serve the application until the process is stopped.

    Args:
        host: address to listen at. Requests must name it or this machine, unless it stands for all addresses.
        port: port to listen at.
        framed_by: see `make_app`.

    Raises:
        InputError: another program listens there, or there is no such address.
    """
    _require_free(host, port)
    # Imported here because the worker processes import this module too, and need neither.
    import uvicorn

    from src.app.web.api import make_app

    is_everywhere = host in ("0.0.0.0", "::")
    uvicorn.run(
        make_app(find_app_workspace(), hosts=("*",) if is_everywhere else (*LOCAL_NAMES, host), framed_by=framed_by),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # Anyone can write these headers, and the rate limit counts addresses.
        timeout_graceful_shutdown=3,  # An open page keeps its connection for ever.
    )


def _require_free(host: str, port: int) -> None:
    """Try to listen: uvicorn would print an error among its other lines, and only after the app has started."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise InputError(f"cannot listen at {host}, port {port} ({error}); set others: --host, --port") from None


if __name__ == "__main__":
    run(main)

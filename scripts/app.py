"""Serve the digit recogniser, an HTTP API and a page: python -m scripts.app [--host 127.0.0.1] [--port 7860]."""

import argparse

from scripts import run
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
    """
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


if __name__ == "__main__":
    run(main)

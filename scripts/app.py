"""Serve the digit reader: python -m scripts.app [--host 127.0.0.1] [--port 7860]."""

import argparse

from scripts import run
from src.common.workspace import find_app_workspace

LOCAL = ("127.0.0.1", "localhost", "[::1]")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: this machine alone)")
    parser.add_argument("--port", type=int, default=7860, help="default: 7860")
    arguments = parser.parse_args()
    serve(arguments.host, arguments.port)


def serve(host: str, port: int, framed_by: str = "") -> None:
    """Serve until the process is told to end; see `make_app`."""
    # Not above: the processes that read pictures import this module as well, and would carry these for nothing.
    import uvicorn

    from src.app.web.api import make_app

    everywhere = host in ("0.0.0.0", "::")
    uvicorn.run(
        make_app(find_app_workspace(), hosts=("*",) if everywhere else (*LOCAL, host), framed_by=framed_by),
        host=host,
        port=port,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # anyone can write them, and the rate limit goes by addresses
        timeout_graceful_shutdown=3,  # an open page holds its connection for ever
    )


if __name__ == "__main__":
    run(main)

"""Serve the digit recogniser, an HTTP API and a page: python -m scripts.app [OPTION].

Behind a reverse proxy, it needs --allowed-host, and --root-path where the proxy serves it under a path.
"""

import argparse
import socket
from collections.abc import Sequence

from scripts import run
from src.common.errors import InputError
from src.common.workspace import find_app_workspace

LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this machine only)")
    parser.add_argument("--port", type=int, default=7860, help="default: 7860")
    parser.add_argument(
        "--allowed-host",
        metavar="NAME",
        action="append",
        default=[],
        help="host name in the browser's address, such as digits.example.org; may be repeated",
    )
    parser.add_argument(
        "--root-path", metavar="PATH", default="", help="path under which a proxy serves the app, such as /digits"
    )
    arguments = parser.parse_args()
    root_path = f"/{arguments.root_path.strip('/')}".rstrip("/")
    serve(arguments.host, arguments.port, arguments.allowed_host, root_path)


def serve(host: str, port: int, allowed_hosts: Sequence[str] = (), root_path: str = "", framed_by: str = "") -> None:
    """Serve the application until the process is stopped.

    Args:
        host: address to listen at. Requests must name it, this machine or one of the allowed hosts. Where it stands for
            all addresses, they may name any host, unless there are allowed hosts.
        port: port to listen at.
        allowed_hosts: other host names under which the server may be addressed.
        root_path, framed_by: see `make_app`.

    Raises:
        InputError: another program listens there, or there is no such address.
    """
    _require_free(host, port)
    # Imported here because the worker processes import this module too, and need neither.
    import uvicorn

    from src.app.web.api import make_app

    hosts = (*LOCAL_NAMES, host, *allowed_hosts)
    if host in ("0.0.0.0", "::") and not allowed_hosts:
        hosts = ("*",)
    uvicorn.run(
        make_app(find_app_workspace(), hosts=hosts, framed_by=framed_by, root_path=root_path),
        host=host,
        port=port,
        root_path=root_path,
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

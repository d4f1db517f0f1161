"""Serve the digit reader: python -m scripts.app [--host 127.0.0.1] [--port 7860]."""

import argparse

import uvicorn

from scripts import run
from src.app.api import make_app
from src.workspace import find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: this machine alone)")
    parser.add_argument("--port", type=int, default=7860, help="default: 7860")
    arguments = parser.parse_args()
    uvicorn.run(
        make_app(find_workspace()), host=arguments.host, port=arguments.port, access_log=False, server_header=False
    )


if __name__ == "__main__":
    run(main)

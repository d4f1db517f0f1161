"""Measure this machine and print one JSON object: python -m scripts.benchmark."""

import argparse
import json

from scripts import run
from src.benchmark import measure
from src.workspace import find_workspace


def main() -> None:
    argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__).parse_args()
    print(json.dumps(measure(find_workspace()), indent=2))


if __name__ == "__main__":
    run(main)

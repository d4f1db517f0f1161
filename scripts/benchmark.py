"""Measure this machine and print one JSON object: python -m scripts.benchmark [--recipes].

With --recipes, half an hour more: the published RMSprop recipe against our quickest experiment, on fold 0.
"""

import argparse
import json

from scripts import run
from src.benchmark.training import compare_recipes, measure
from src.workspace import find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    parser.add_argument("--recipes", action="store_true", help="also train the published recipe and ours")
    arguments = parser.parse_args()
    workspace = find_workspace()
    figures = measure(workspace)
    if arguments.recipes:
        figures |= compare_recipes(workspace)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    run(main)

"""Measure this machine and print one JSON object: python -m scripts.benchmark [--recipes | --reader].

With --recipes, half an hour more: where the time of run_folds.sh goes, and the published RMSprop recipe against our
quickest experiment.
With --reader, the digit reader and its server instead, in about ten minutes.
"""

import argparse
import json

from scripts import run
from src.benchmark.reader import measure_reader
from src.benchmark.recipes import compare_recipes, measure_wall_time
from src.benchmark.server import measure_server
from src.benchmark.training import measure
from src.workspace import find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    parser.add_argument("--recipes", action="store_true", help="also train whole recipes, ours and the published one")
    parser.add_argument("--reader", action="store_true", help="measure the digit reader instead")
    arguments = parser.parse_args()
    workspace = find_workspace()
    figures = measure_reader(workspace) | measure_server(workspace) if arguments.reader else measure(workspace)
    if arguments.recipes:
        figures |= measure_wall_time(workspace) | compare_recipes(workspace)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    run(main)

"""Measure this machine and print one JSON object: python -m scripts.benchmark [OPTION].

Without an option: how fast the pipeline reads, distorts and trains.
"""

import argparse
import json
from collections.abc import Callable
from typing import Any

from scripts import run
from src.benchmark.drawing_latency import measure_stroke
from src.benchmark.faults import measure_faults
from src.benchmark.recipes import compare_recipes, measure_wall_time
from src.benchmark.recogniser import measure_reader
from src.benchmark.scaling import compare_runners, measure_growth
from src.benchmark.server import measure_server
from src.benchmark.training import measure
from src.common.workspace import Workspace, find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    options = parser.add_mutually_exclusive_group()
    options.add_argument(
        "--recipes", action="store_true", help="also where the time of run_folds.sh goes, and recipes (half an hour)"
    )
    options.add_argument(
        "--reader", action="store_true", help="the digit reader, its page in Chromium, its server (12 min)"
    )
    options.add_argument(
        "--scaling", action="store_true", help="growth with images and experiments, jobs, Ray (an hour)"
    )
    options.add_argument("--faults", type=int, metavar="N", help="trainings that are killed N times in all")
    arguments = parser.parse_args()
    if arguments.faults is not None:
        print(json.dumps(measure_faults(arguments.faults), indent=2))
        return
    measurements: list[Callable[[Workspace], dict[str, Any]]] = [measure]
    if arguments.recipes:
        measurements += [measure_wall_time, compare_recipes]
    elif arguments.reader:
        measurements = [measure_stroke, measure_reader, measure_server]
    elif arguments.scaling:
        measurements = [measure_growth, compare_runners]
    workspace = find_workspace()
    figures: dict[str, Any] = {}
    for measurement in measurements:
        figures |= measurement(workspace)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    run(main)

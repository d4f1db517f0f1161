"""Measure this machine and print one JSON object: python -m scripts.benchmark [OPTION].

Without an option: how fast the pipeline reads the CSV, augments and trains. --gpu prints a JSON object on each
line, as soon as it is measured.
"""

import argparse
import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scripts import run
from src.common.errors import InputError
from src.common.workspace import Workspace, find_workspace

Measurement = Callable[[Workspace], dict[str, Any]]


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.benchmark", description=__doc__)
    options = parser.add_mutually_exclusive_group()
    options.add_argument(
        "--recipes",
        action="store_true",
        help="also the steps of run_folds.sh, and quick against a published recipe (half an hour)",
    )
    options.add_argument(
        "--recogniser",
        action="store_true",
        help="the app: its accuracy, its page in Chromium, its server (12 minutes)",
    )
    options.add_argument(
        "--scaling", action="store_true", help="growth with images and experiments; jobs and Ray (an hour)"
    )
    options.add_argument(
        "--pictures", type=Path, metavar="DIR", help="the app on the pictures of a directory with a labels.csv"
    )
    options.add_argument("--faults", type=int, metavar="N", help="trainings that are killed N times in all")
    options.add_argument(
        "--gpu",
        action="store_true",
        help="training with JAX on a GPU: a smoke test, speed, accuracy; needs no data (under 8 minutes)",
    )
    arguments = parser.parse_args()
    workspace = find_workspace()
    if arguments.gpu:
        _measure_gpu(workspace)
        return
    figures: dict[str, Any] = {}
    for measurement in _choose(arguments):
        figures |= measurement(workspace)
    print(json.dumps(figures, indent=2))


def _measure_gpu(workspace: Workspace) -> None:
    no_gpu = InputError(
        "JAX finds no GPU; where nvidia-smi works, run: .venv/bin/uv pip install -r requirements-gpu-jax.txt"
    )
    if find_spec("jax") is None:
        raise no_gpu
    os.environ["KERAS_BACKEND"] = "jax"  # Before Keras is imported, also by the processes that are started.
    from src.training.backend import trains_on_device

    if not trains_on_device():
        raise no_gpu
    from src.benchmark.gpu import measure_gpu

    for result in measure_gpu(workspace):
        print(json.dumps(result), flush=True)


def _choose(arguments: argparse.Namespace) -> list[Measurement]:
    """Import the chosen measurements, here rather than above so that --help does not wait for Keras."""
    if arguments.faults is not None:
        from src.benchmark.faults import measure_faults

        return [lambda _: measure_faults(arguments.faults)]
    if arguments.pictures is not None:
        from src.benchmark.pictures import measure_pictures

        return [lambda _: measure_pictures(arguments.pictures)]
    if arguments.recogniser:
        from src.benchmark.drawing_latency import measure_drawing_latency
        from src.benchmark.recogniser import measure_recogniser
        from src.benchmark.server import measure_server

        return [measure_drawing_latency, measure_recogniser, measure_server]
    if arguments.scaling:
        from src.benchmark.scaling import compare_runners, measure_growth

        return [measure_growth, compare_runners]
    from src.benchmark.training import measure_training

    if arguments.recipes:
        from src.benchmark.recipes import compare_recipes, measure_wall_time

        return [measure_training, measure_wall_time, compare_recipes]
    return [measure_training]


if __name__ == "__main__":
    run(main)

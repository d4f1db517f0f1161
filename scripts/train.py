"""Train experiments fold by fold: python -m scripts.train EXPERIMENT... [--folds 0,1] [--jobs N] [--estimate].

Complete folds are skipped and an interrupted one goes on after its last finished epoch, so the same command again
finishes the work.
"""

import argparse
from functools import partial

from scripts import run
from src import cross_validation
from src.experiments import get_experiments
from src.runners.local import run_local, run_processes
from src.workspace import find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=__doc__)
    parser.add_argument("experiments", nargs="+", metavar="EXPERIMENT", help="names in src/experiments.py")
    parser.add_argument("--folds", type=_parse_folds, help="such as 0,1 (default: all)")
    parser.add_argument("--jobs", type=_parse_jobs, default=1, help="folds at once, which share the cores (default: 1)")
    parser.add_argument("--estimate", action="store_true", help="first measure shortly and say how long it will take")
    arguments = parser.parse_args()
    experiments = get_experiments(arguments.experiments)
    runner = run_local if arguments.jobs == 1 else partial(run_processes, num_jobs=arguments.jobs)
    cross_validation.run(experiments, arguments.folds, find_workspace(), runner, estimate=arguments.estimate)


def _parse_folds(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of folds such as 0,1") from None


def _parse_jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of folds such as 2")
    return int(text)


if __name__ == "__main__":
    run(main)

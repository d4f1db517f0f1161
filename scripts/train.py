"""Train experiments fold by fold: python -m scripts.train EXPERIMENT... [--folds 0,1] [--estimate].

Complete folds are skipped and an interrupted one goes on after its last finished epoch, so the same command again
finishes the work.
"""

import argparse

from scripts import run
from src import cross_validation
from src.experiments import get_experiments
from src.runners.local import run_local
from src.workspace import find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=__doc__)
    parser.add_argument("experiments", nargs="+", metavar="EXPERIMENT", help="names in src/experiments.py")
    parser.add_argument("--folds", type=_parse_folds, help="such as 0,1 (default: all)")
    parser.add_argument("--estimate", action="store_true", help="first measure shortly and say how long it will take")
    arguments = parser.parse_args()
    experiments = get_experiments(arguments.experiments)
    cross_validation.run(experiments, arguments.folds, find_workspace(), run_local, estimate=arguments.estimate)


def _parse_folds(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of folds such as 0,1") from None


if __name__ == "__main__":
    run(main)

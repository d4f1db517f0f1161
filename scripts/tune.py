"""Search hyper-parameters of a network or of LightGBM: python -m scripts.tune EXPERIMENT [--trials N] [--minutes M].

Trials are measured on a part of fold 0's training rows. Stop it whenever you like: the same command goes on with the
study, a SQLite file in oof/tuning/, and further terminals with the same command share the work. The best recipe is
printed as a line for src/experiments.py, where it takes a new name.
"""

import argparse
import math

from scripts import run
from src.common.metrics import format_accuracy
from src.common.workspace import find_workspace
from src.data.datasets import load_dataset
from src.experiments import get_experiments
from src.tuning.search import tune

DEFAULT_TRIALS = 30


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.tune", description=__doc__)
    parser.add_argument("experiment", metavar="EXPERIMENT", help="a name in src/experiments.py: what is varied")
    parser.add_argument(
        "--trials", type=_parse_count, metavar="N", help=f"in all (default: {DEFAULT_TRIALS}, or as --minutes allow)"
    )
    parser.add_argument("--minutes", type=_parse_minutes, metavar="M", help="begin no trial after so long")
    arguments = parser.parse_args()
    (experiment,) = get_experiments([arguments.experiment])
    num_trials = arguments.trials or (DEFAULT_TRIALS if arguments.minutes is None else None)
    workspace = find_workspace()
    found = tune(experiment, load_dataset(workspace), workspace, num_trials, arguments.minutes)
    print(f"{found.num_complete} trials complete, {found.num_pruned} pruned")
    for name, importance in found.importances.items():
        print(f"  importance {importance:.2f}  {name}")
    print(
        f"{experiment.name} as it is: {format_accuracy(found.start_accuracy, found.num_valid_rows)} of the inner rows"
    )
    print(f"best trial: {format_accuracy(found.best_accuracy, found.num_valid_rows)} (the best of many looks too good)")
    print(found.recipe)
    for path in found.plots:
        print(path)


def _parse_count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of trials such as 30")
    return int(text)


def _parse_minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 < minutes < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes such as 60")
    return minutes


if __name__ == "__main__":
    run(main)

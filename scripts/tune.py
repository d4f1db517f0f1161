"""Search hyper-parameters of a network or of LightGBM: python -m scripts.tune EXPERIMENT [--trials N] [--minutes M].

Trials are measured on a part of fold 0's training rows. You can stop the search at any time: the same command continues
the study, a SQLite file in oof/tuning/. Further terminals with the same command share the work. The best recipe is
printed as a line for src/experiments.py, where it needs a new name.
"""

import argparse

from scripts import parse_positive, run
from src.common.metrics import format_accuracy
from src.common.workspace import find_workspace
from src.data.datasets import load_dataset
from src.experiments import get_experiments
from src.tuning.search import tune

DEFAULT_TRIALS = 30


def main() -> None:
    """Search, and print the best recipe."""
    parser = argparse.ArgumentParser(prog="python -m scripts.tune", description=__doc__)
    parser.add_argument("experiment", metavar="EXPERIMENT", help="a name in src/experiments.py: what is varied")
    parser.add_argument(
        "--trials",
        type=_parse_count,
        metavar="N",
        help=f"number of trials in all (default: {DEFAULT_TRIALS}, or no limit with --minutes)",
    )
    parser.add_argument("--minutes", type=parse_positive, metavar="M", help="begin no trial after this time")
    arguments = parser.parse_args()
    (experiment,) = get_experiments([arguments.experiment])
    num_trials = arguments.trials or (DEFAULT_TRIALS if arguments.minutes is None else None)
    workspace = find_workspace()
    found = tune(experiment, load_dataset(workspace), workspace, num_trials, arguments.minutes)
    start = format_accuracy(found.start_accuracy, found.num_valid_rows)
    best = format_accuracy(found.best_accuracy, found.num_valid_rows)
    print(f"{found.num_complete} trials complete, {found.num_pruned} pruned (stopped early)")
    for name, importance in found.importances.items():
        print(f"  importance {importance:.2f}  {name}")
    print(f"{experiment.name} as it is: {start} of {found.num_valid_rows:,} training rows that were held out")
    print(f"best trial: {best} (slightly optimistic, as it is the best of all trials on the same rows)")
    print(found.recipe)
    for path in found.plots:
        print(path)


def _parse_count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of trials such as 30")
    return int(text)


if __name__ == "__main__":
    run(main)

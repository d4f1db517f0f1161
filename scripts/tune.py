"""Search hyper-parameters of a network or of LightGBM: python -m scripts.tune EXPERIMENT [--trials N] [--minutes M].

Trials are measured on a part of fold 0's training rows. Stop it whenever you like: the same command goes on with the
study, a SQLite file in oof/tuning/, and further terminals with the same command share the work. The best recipe is
printed as a line for src/experiments.py, where it takes a new name.
"""

import argparse

from scripts import run
from src.datasets import load_dataset
from src.experiments import get_experiments
from src.metrics import format_accuracy
from src.tuning import tune
from src.workspace import find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.tune", description=__doc__)
    parser.add_argument(
        "experiment", metavar="EXPERIMENT", help="a name in src/experiments.py: where the search begins"
    )
    parser.add_argument("--trials", type=int, default=30, metavar="N", help="of the study, in all (default: 30)")
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no trial after so long")
    arguments = parser.parse_args()
    (experiment,) = get_experiments([arguments.experiment])
    workspace = find_workspace()
    found = tune(experiment, load_dataset(workspace), workspace, arguments.trials, arguments.minutes)
    print(f"{found.num_complete} trials complete, {found.num_pruned} pruned")
    for name, importance in found.importances.items():
        print(f"  importance {importance:.2f}  {name}")
    print(f"best: {format_accuracy(found.accuracy, found.num_valid_rows)} of {found.num_valid_rows:,} inner rows")
    print(found.recipe)
    for path in found.plots:
        print(path)


if __name__ == "__main__":
    run(main)

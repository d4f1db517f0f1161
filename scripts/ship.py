"""Train the network of the app on all rows: python -m scripts.ship [EXPERIMENT].

It learns from the teachers' models of all folds, so train these, and the experiment itself for its out-of-fold score,
first. Stop it whenever you like: the same command goes on. It writes src/app/weights/.
"""

import argparse

from scripts import run
from src.datasets import load_dataset
from src.experiments import get_experiments
from src.export.reader import ship
from src.workspace import READER_DIR, find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.ship", description=__doc__)
    parser.add_argument("experiment", nargs="?", default="reader", metavar="EXPERIMENT", help="default: reader")
    arguments = parser.parse_args()
    (experiment,) = get_experiments([arguments.experiment])
    workspace = find_workspace()
    record = ship(experiment, load_dataset(workspace), workspace)
    print(f"{record['num_bytes']:,} bytes, OOF accuracy of the recipe {100 * record['oof_accuracy']:.3f} %")
    print(READER_DIR)


if __name__ == "__main__":
    run(main)

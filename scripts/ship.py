"""Train the networks of the app: python -m scripts.ship [EXPERIMENT | --strips].

EXPERIMENT learns from all rows and from the teachers' models of all folds, so train these, and the experiment itself
for its out-of-fold score, first. --strips is the network that tells apart digits that touch; it needs the folds alone.
Stop it whenever you like: the same command goes on. It writes src/app/weights/.
"""

import argparse

from scripts import run
from src.datasets import load_dataset
from src.experiments import get_experiments
from src.export.reader import ship
from src.export.strips import ship_strips
from src.workspace import READER_DIR, find_workspace


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.ship", description=__doc__)
    parser.add_argument("experiment", nargs="?", default="reader", metavar="EXPERIMENT", help="default: reader")
    parser.add_argument("--strips", action="store_true", help="instead, the network for digits that touch")
    arguments = parser.parse_args()
    (experiment,) = get_experiments([arguments.experiment])
    workspace = find_workspace()
    dataset = load_dataset(workspace)
    if arguments.strips:
        record = ship_strips(dataset, workspace)
        print(f"{record['num_bytes']:,} bytes, {100 * record['strip_accuracy']:.2f} % of held-out strips read right")
    else:
        record = ship(experiment, dataset, workspace)
        print(f"{record['num_bytes']:,} bytes, OOF accuracy of the recipe {100 * record['oof_accuracy']:.3f} %")
    print(READER_DIR)


if __name__ == "__main__":
    run(main)

"""Train the networks of the app: python -m scripts.ship [EXPERIMENT | --strips].

EXPERIMENT learns from all rows and from the teachers' models of all folds, so train these, and the experiment itself
for its out-of-fold score, first. --strips is the network that tells apart digits that touch; it needs the folds alone.
Stop it whenever you like: the same command goes on. It writes src/app/weights/.
"""

import argparse

from scripts import run
from src.app.release.recogniser import ship
from src.app.release.touching_digits import ship_strips
from src.common.workspace import APP_WEIGHTS_DIR, find_workspace
from src.data.datasets import load_dataset
from src.experiments import get_experiments


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.ship", description=__doc__)
    parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="default: reader")
    parser.add_argument("--strips", action="store_true", help="instead, the network for digits that touch")
    arguments = parser.parse_args()
    if arguments.strips and arguments.experiment:
        parser.error("--strips trains no experiment; leave one of them out")
    (experiment,) = get_experiments([arguments.experiment or "reader"])
    workspace = find_workspace()
    dataset = load_dataset(workspace)
    if arguments.strips:
        record = ship_strips(dataset, workspace)
        share, error, what = record["strip_accuracy"], record["strip_standard_error"], "held-out strips"
    else:
        record = ship(experiment, dataset, workspace)
        share, error, what = record["oof_accuracy"], record["oof_standard_error"], "OOF, the recipe"
    print(f"{record['num_bytes']:,} bytes; right of {what}: {100 * share:.2f} ± {100 * error:.2f} %")
    print(APP_WEIGHTS_DIR)


if __name__ == "__main__":
    run(main)

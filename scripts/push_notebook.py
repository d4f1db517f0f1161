"""Train on Kaggle's own GPU: python -m scripts.push_notebook [EXPERIMENT...] [--wait | --fetch].

Sends one private notebook that holds this code and your folds, and starts it. --wait waits for its end and
saves its fold results; --fetch does that for the run that was sent last.
"""

import argparse

from scripts import parse_positive, run
from src.common.errors import InputError
from src.common.workspace import find_workspace
from src.experiments import get_experiments
from src.kaggle.notebooks import LATER, fetch_results, push_notebook


def main() -> None:
    """Send the notebook, fetch its results, or both."""
    parser = argparse.ArgumentParser(prog="python -m scripts.push_notebook", description=__doc__)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="default: those of scripts/run_folds.sh")
    parser.add_argument("--wait", action="store_true", help="wait for the end and save the results")
    parser.add_argument("--fetch", action="store_true", help="send nothing, save the results of the last run")
    parser.add_argument(
        "--interval", type=parse_positive, default=60, metavar="SECONDS", help="between two checks (default: 60)"
    )
    arguments = parser.parse_args()
    names = [experiment.name for experiment in get_experiments(arguments.experiments)]
    workspace = find_workspace()
    if not arguments.fetch:
        print(f"running at {push_notebook(names, workspace)}; {LATER}", flush=True)
    if arguments.wait or arguments.fetch:
        fetched = fetch_results(workspace, arguments.interval)
        print(f"{fetched.num_saved} folds saved in {workspace.oof_dir}; next: python -m scripts.evaluate")
        if fetched.failure:
            raise InputError(f"{fetched.failure}; send it again for the other folds")


if __name__ == "__main__":
    run(main)

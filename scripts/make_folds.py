"""Divide the training rows into stratified folds: python -m scripts.make_folds [--num-folds 5] [--seed 42]."""

import argparse

import numpy as np

from scripts import run
from src.common.workspace import find_workspace
from src.data.csv_files import load_train
from src.data.folds import make_folds, save_folds


def main() -> None:
    """Make and save the folds, and print their sizes."""
    parser = argparse.ArgumentParser(prog="python -m scripts.make_folds", description=__doc__)
    parser.add_argument("--num-folds", type=int, default=5, help="number of folds, of nearly equal size (default: 5)")
    parser.add_argument("--seed", type=int, default=42, help="seed of the shuffle (default: 42)")
    arguments = parser.parse_args()
    workspace = find_workspace()
    folds = make_folds(*load_train(workspace), arguments.num_folds, arguments.seed)
    save_folds(folds, workspace)
    sizes = ", ".join(map(str, np.bincount(folds.assignment)))
    print(f"{workspace.folds_csv}: {folds.num_folds} folds of {sizes} rows")
    print(
        f"pairs of images of one digit that share a fold: {folds.num_identical_pairs} identical, "
        f"{folds.num_near_duplicate_pairs} near duplicates (root mean square difference of at most "
        f"{folds.max_rms_difference:g} of 255 grey levels)"
    )


if __name__ == "__main__":
    run(main)

"""Check the whole workspace: data, folds, fold results, submission: python -m scripts.verify.

Prints each fault with its remedy; the exit code is 2 if there is one.
"""

import argparse
import sys

from scripts import run
from src.common.workspace import find_workspace
from src.verification import verify


def main() -> None:
    """Print the faults of the workspace, and how many things were checked."""
    argparse.ArgumentParser(prog="python -m scripts.verify", description=__doc__).parse_args()
    num_checked = num_faults = 0
    for subject, fault in verify(find_workspace()):
        num_checked += 1
        if fault is not None:
            num_faults += 1
            print(f"{subject}: {fault}", file=sys.stderr)
    print(f"{num_checked} things checked, {num_faults} with a fault")
    if num_faults:
        sys.exit(2)


if __name__ == "__main__":
    run(main)

"""Check the whole workspace: data, folds, fold results, submission: python -m scripts.verify.

Says what is wrong and how to mend it; the exit code is then 2.
"""

import argparse
import sys

from scripts import run
from src.common.workspace import find_workspace
from src.verification import verify


def main() -> None:
    argparse.ArgumentParser(prog="python -m scripts.verify", description=__doc__).parse_args()
    num_checked = num_wrong = 0
    for subject, problem in verify(find_workspace()):
        num_checked += 1
        if problem is not None:
            num_wrong += 1
            print(f"{subject}: {problem}", file=sys.stderr)
    print(f"{num_checked} things checked, {num_wrong} wrong")
    if num_wrong:
        sys.exit(2)


if __name__ == "__main__":
    run(main)

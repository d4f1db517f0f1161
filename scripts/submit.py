"""Send a submission to Kaggle and wait for its score: python -m scripts.submit [FILE] [-m MESSAGE].

FILE is submissions/submission.csv by default, which scripts.ensemble writes. Without --dry-run, exit code 0 means
that Kaggle has it.
"""

import argparse
from pathlib import Path

from scripts import parse_positive, run
from src.common.workspace import find_workspace
from src.kaggle.submissions import submit


def main() -> None:
    """Send the file, and print Kaggle's response and the score."""
    parser = argparse.ArgumentParser(prog="python -m scripts.submit", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="default: submissions/submission.csv")
    parser.add_argument("-m", "--message", help="what Kaggle shows with it (default: experiments, OOF, commit)")
    parser.add_argument("--force", action="store_true", help="send a file that was made elsewhere")
    parser.add_argument("--again", action="store_true", help="send a file that was sent before")
    parser.add_argument("--dry-run", action="store_true", help="do everything but send")
    parser.add_argument(
        "--wait",
        type=parse_positive,
        default=600,
        metavar="SECONDS",
        help="how long to wait for the score (default: 600)",
    )
    arguments = parser.parse_args()
    sent = submit(
        find_workspace(),
        arguments.file,
        arguments.message,
        force=arguments.force,
        again=arguments.again,
        dry_run=arguments.dry_run,
        wait_seconds=arguments.wait,
    )
    print(f"{sent.path}: {sent.message}")
    if sent.reference is None:
        print(f"not sent; {sent.num_left} submissions left today")
    else:
        print(f"Kaggle has it, as submission {sent.reference}; {sent.num_left} left today")
    if sent.public_score is not None:
        print(f"public score {sent.public_score:.5f}")


if __name__ == "__main__":
    run(main)

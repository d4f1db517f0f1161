"""Send a submission to Kaggle and wait for its score: python -m scripts.submit [FILE] [-m MESSAGE].

FILE is submissions/submission.csv by default, which scripts.ensemble writes. Exit code 0 says that Kaggle has it.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from scripts import run
from src.common.errors import InputError
from src.common.progress import bar, say
from src.common.workspace import Workspace, find_workspace
from src.kaggle.client import Sent, count_left, list_sent, send, wait_for_score
from src.kaggle.submissions import append_to_log, check_submission, describe, load_log, log_scores, require_unsent, sign


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.submit", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE")
    parser.add_argument("-m", "--message", help="what Kaggle shows beside it (default: experiments, OOF, commit)")
    parser.add_argument("--force", action="store_true", help="send a file that was made elsewhere")
    parser.add_argument("--again", action="store_true", help="send a file that was sent before")
    parser.add_argument("--dry-run", action="store_true", help="do all but send")
    parser.add_argument("--wait", type=float, default=600, metavar="SECONDS", help="for the score (default: 600)")
    arguments = parser.parse_args()
    workspace = find_workspace()
    candidate = check_submission(arguments.file or workspace.submission_csv, workspace, arguments.force)
    log = load_log(workspace)  # one that cannot be read is no surprise after sending
    if not arguments.again:
        require_unsent(candidate, log, list_sent())
    message = sign(arguments.message or describe(candidate), candidate)
    num_left = count_left()
    if num_left < 1:
        raise InputError("Kaggle takes no more submissions today; send it tomorrow (the day changes at 0:00 UTC)")
    print(f"{candidate.path}: {message}")
    if arguments.dry_run:
        print(f"not sent; {num_left} submissions left today")
        return
    reference = send(candidate.path, message)
    print(f"Kaggle has it, as submission {reference}; {num_left - 1} left today", flush=True)
    append_to_log(workspace, candidate, datetime.now(UTC).isoformat(timespec="seconds"), message, reference)
    _report_score(reference, arguments.wait, workspace)


def _report_score(reference: int, seconds: float, workspace: Workspace) -> None:
    later = "see later: python -m scripts.submissions"
    try:
        say(f"waiting up to {seconds:.0f} s for the score")
        with bar("waiting", total=None):
            sent: Sent | None = wait_for_score(reference, seconds)
    except InputError as error:  # Kaggle has the file all the same
        say(f"the score could not be asked for: {error}; {later}")
        return
    if sent is None:
        print(f"no score yet; {later}")
    elif sent.public_score is None:
        raise InputError(f"Kaggle could not score submission {reference}: {sent.error or sent.status}")
    else:
        log_scores(workspace, {reference: sent.public_score})
        print(f"public score {sent.public_score:.5f}")


if __name__ == "__main__":
    run(main)

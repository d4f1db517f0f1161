"""Train on Kaggle's own GPU: python -m scripts.push_kernel [EXPERIMENT...] [--wait | --fetch].

Sends one generated, private script that holds this code and your folds, and starts it. --wait waits for its end and
brings the fold results home; --fetch does that for the run that was sent last.
"""

import argparse
import tempfile
import time
from pathlib import Path

from scripts import run
from src.common.errors import InputError
from src.common.progress import bar, say
from src.common.workspace import Workspace, find_workspace
from src.data.csv_files import load_test
from src.data.folds import load_folds
from src.experiments import get_experiments
from src.kaggle.notebooks import (
    TITLE,
    KernelStatus,
    adopt_results,
    ask_kernel,
    fetch_kernel_output,
    find_username,
    make_kernel,
    push_kernel,
)

LATER = "a run goes on whatever happens here; bring home what it leaves: python -m scripts.push_kernel --fetch"
MAX_FAILURES = 5  # looks in a row that may fail, in hours of waiting


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.push_kernel", description=__doc__)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="default: as scripts/run_folds.sh")
    parser.add_argument("--wait", action="store_true", help="wait for the end and bring the results home")
    parser.add_argument("--fetch", action="store_true", help="send nothing, bring home what the last run left")
    parser.add_argument("--interval", type=float, default=60, metavar="SECONDS", help="between two looks (default: 60)")
    arguments = parser.parse_args()
    names = [experiment.name for experiment in get_experiments(arguments.experiments)]
    workspace = find_workspace()
    load_folds(workspace), load_test(workspace)  # what comes home is compared with them: better missed now
    username = find_username()
    if not arguments.fetch:
        with tempfile.TemporaryDirectory() as directory:
            make_kernel(Path(directory), username, names, workspace)
            print(f"running at {push_kernel(Path(directory))}; {LATER}", flush=True)
    if arguments.wait or arguments.fetch:
        _bring_home(f"{username}/{TITLE}", arguments.interval, workspace)


def _bring_home(kernel: str, interval: float, workspace: Workspace) -> None:
    ending = ""
    try:
        with bar("waiting", total=None):
            status = _wait(kernel, interval)
        with tempfile.TemporaryDirectory() as directory:
            fetch_kernel_output(kernel, Path(directory))
            if status.name != "COMPLETE":
                ending = f"the run on Kaggle ended early ({status.name} {status.failure}); "
                log = Path(directory) / f"{TITLE}.log"
                say(log.read_text() if log.exists() else "Kaggle has kept no log")
            num_saved = adopt_results(Path(directory), workspace)
    except InputError as error:
        raise InputError(f"{ending}{error}; {LATER}") from None
    except KeyboardInterrupt:
        raise InputError(f"stopped waiting; {LATER}") from None
    print(f"{num_saved} folds brought home into {workspace.oof_dir}; next: python -m scripts.evaluate")
    if ending:
        raise InputError(f"{ending}send it again for the rest")


def _wait(kernel: str, interval: float) -> KernelStatus:
    last, num_failures = "", 0
    while True:
        try:
            status = ask_kernel(kernel)
        except InputError:
            num_failures += 1
            if num_failures == MAX_FAILURES:
                raise
        else:
            num_failures = 0
            if status.is_over:
                return status
            if status.name != last:
                say(f"{kernel}: {status.name.lower()}")
                last = status.name
        time.sleep(interval)


if __name__ == "__main__":
    run(main)

"""Download the images: python -m scripts.download_data [--from-zip PATH... | --sample] [--force].

By default they come from Kaggle and go to input/. Files that exist already are only verified. The exit code is 3 if
there are neither Kaggle credentials nor files in input/.
"""

import argparse
import sys
from pathlib import Path

from scripts import run
from src.common.errors import InputError
from src.common.workspace import Workspace, find_sample_workspace, find_workspace
from src.data.downloads import REQUIRED_FILES, require_no_files, unpack, verify_input
from src.data.sample import write_sample
from src.kaggle.client import download_competition
from src.kaggle.connection import NoCredentialsError

NO_CREDENTIALS = 3


def main() -> None:
    """Download, unpack or write the files, and print where they are."""
    parser = argparse.ArgumentParser(prog="python -m scripts.download_data", description=__doc__)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--from-zip",
        type=Path,
        nargs="+",
        metavar="PATH",
        help="zip file from the competition's page, or a directory or the CSV files that were in it",
    )
    source.add_argument(
        "--sample", action="store_true", help="the embedded sample: 5,000 MNIST images, no account needed"
    )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    arguments = parser.parse_args()
    workspace = find_sample_workspace() if arguments.sample else find_workspace()
    if arguments.sample:
        write_sample(workspace, arguments.force)
        print(f"to use the sample in other commands: export DIGITS_WORKSPACE={workspace.root}")
    elif arguments.from_zip:
        unpack(arguments.from_zip, workspace, arguments.force)
    else:
        _download_from_kaggle(workspace, arguments.force)
    print(f"{workspace.input_dir}: {', '.join(REQUIRED_FILES)}")
    print("next: python -m scripts.explore_data")


def _download_from_kaggle(workspace: Workspace, force: bool) -> None:
    if workspace.test_labels_csv.exists():
        raise InputError(
            f"{workspace.input_dir} holds the embedded sample, whose missing files --sample writes; to download the "
            "competition's data, use another workspace: unset DIGITS_WORKSPACE, or set it to another path"
        )
    if not force and all((workspace.input_dir / name).exists() for name in REQUIRED_FILES):
        verify_input(workspace)
        return
    try:
        download_competition(workspace, force)
    except NoCredentialsError as error:
        require_no_files(workspace)
        print(f"error: {error}", file=sys.stderr)
        sys.exit(NO_CREDENTIALS)


if __name__ == "__main__":
    run(main)

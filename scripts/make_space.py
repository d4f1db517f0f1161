"""Write a directory that is a Hugging Face Space of the app: python -m scripts.make_space DIR.

To publish it, create a Space with the SDK Gradio at huggingface.co/new-space and push the directory to its repository.
"""

import argparse
from pathlib import Path

from scripts import run
from src.app.release.space import make_space


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.make_space", description=__doc__)
    parser.add_argument("directory", metavar="DIR", type=Path, help="a new or empty directory")
    arguments = parser.parse_args()
    make_space(arguments.directory)
    print(arguments.directory)


if __name__ == "__main__":
    run(main)

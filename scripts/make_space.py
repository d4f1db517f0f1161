"""Write a directory that is a Hugging Face Space of the digit reader: python -m scripts.make_space DIR.

Then make a Space of the kind Gradio at huggingface.co/new-space and push the directory to its git repository.
"""

import argparse
from pathlib import Path

from scripts import run
from src.app.release.space import make_space


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.make_space", description=__doc__)
    parser.add_argument("directory", metavar="DIR", type=Path, help="a new directory")
    arguments = parser.parse_args()
    make_space(arguments.directory)
    print(arguments.directory)


if __name__ == "__main__":
    run(main)

"""Write a notebook for Kaggle, Colab or Jupyter: python -m scripts.make_notebook FILE [EXPERIMENT...].

It holds this code and runs without this repository: it trains the experiments on the competition's data, or on the
sample, and shows OOF scores, confusion matrix and errors. scripts.push_notebook sends such a notebook to Kaggle itself.
"""

import argparse
from pathlib import Path

from scripts import run
from src.common.files import atomic_write
from src.experiments import get_experiments
from src.kaggle.notebook_files import make_notebook


def main() -> None:
    """Write the notebook and print its path."""
    parser = argparse.ArgumentParser(prog="python -m scripts.make_notebook", description=__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="such as digits.ipynb; replaced if it exists")
    parser.add_argument(
        "experiments", nargs="*", default=["large_kernel"], metavar="EXPERIMENT", help="default: large_kernel"
    )
    arguments = parser.parse_args()
    if arguments.file.suffix != ".ipynb":
        parser.error(f"FILE must end in .ipynb, as digits.ipynb does, not {arguments.file}")
    names = [experiment.name for experiment in get_experiments(arguments.experiments)]
    with atomic_write(arguments.file) as temporary:
        temporary.write_text(make_notebook(names), encoding="utf-8")
    print(arguments.file)


if __name__ == "__main__":
    run(main)

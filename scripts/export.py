"""Write a trained network as ONNX and LiteRT (float32 and int8): python -m scripts.export EXPERIMENT [--fold 0].

The files are written beside the network in oof/EXPERIMENT/ and measured on the validation part of the fold.
"""

import argparse

from rich.console import Console
from rich.table import Table

from scripts import run
from src.common.workspace import find_workspace


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.export", description=__doc__)
    parser.add_argument("experiment", metavar="EXPERIMENT", help="a trained network of src/experiments.py")
    parser.add_argument("--fold", type=int, default=0, help="the fold whose network is exported (default: 0)")
    arguments = parser.parse_args()

    # Imported here, so that --help does not wait for Keras.
    from src.common.metrics import format_accuracy
    from src.data.datasets import load_dataset
    from src.experiments import get_experiments
    from src.export.networks import export

    (experiment,) = get_experiments([arguments.experiment])
    workspace = find_workspace()
    files = export(experiment.name, arguments.fold, load_dataset(workspace), workspace)
    table = Table(title=f"{experiment.name}, fold {arguments.fold}: {files[0].num_images:,} held-out images")
    for heading in ("file", "KB", "same digit %", "accuracy %", "µs per image"):
        table.add_column(heading, justify="left" if heading == "file" else "right", no_wrap=True)
    for file in files:
        table.add_row(
            file.path.name,
            f"{file.num_bytes / 1000:,.0f}",
            f"{100 * file.agreement:.3f}",
            format_accuracy(file.accuracy, file.num_images),
            f"{file.microseconds:,.0f}",
        )
    Console(width=100).print(table)
    print(files[0].path.parent)


if __name__ == "__main__":
    run(main)

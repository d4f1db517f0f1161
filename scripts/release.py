"""Make a network of the app from trained folds: python -m scripts.release [recogniser|digit_lines].

recogniser      recognises single digits; it learns from all rows and from its teachers' models of all folds, so these
                folds, and its own for its out-of-fold accuracy, must be trained first
digit_lines     finds and recognises the digits of a number, also where they touch; it is the model of its fold 0

The network and its record are written to src/app/weights/. An interrupted training continues with the same command.
"""

import argparse

from scripts import run
from src.common.workspace import APP_WEIGHTS_DIR, find_workspace


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    networks = ("recogniser", "digit_lines")
    parser.add_argument("network", nargs="?", choices=networks, default="recogniser", help="default: recogniser")
    name = parser.parse_args().network

    # Imported here, so that --help does not wait for Keras.
    from src.app.release.digit_lines import release_digit_lines
    from src.app.release.recogniser import release_recogniser
    from src.data.datasets import load_dataset
    from src.experiments import EXPERIMENTS

    workspace = find_workspace()
    release, figure = {
        "recogniser": (release_recogniser, "oof"),
        "digit_lines": (release_digit_lines, "line"),
    }[name]
    record = release(EXPERIMENTS[name], load_dataset(workspace), workspace)
    accuracy, error = 100 * record[f"{figure}_accuracy"], 100 * record[f"{figure}_standard_error"]
    print(f"{name}: {record['num_bytes']:,} bytes, {figure}_accuracy {accuracy:.2f} ± {error:.2f} %")
    print(APP_WEIGHTS_DIR)


if __name__ == "__main__":
    run(main)

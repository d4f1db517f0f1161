"""Compare all experiments in one table, also written to oof/scoreboard.csv.

    python -m scripts.evaluate [--against EXPERIMENT] [--html]

With --against, also how much more accurate each is than that one on the rows that both have validated, paired. With
--html, also oof/comparison.html: all figures, costs, paired tests, learning curves and what trees look at.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from scripts import run
from src.common.workspace import find_workspace
from src.data.folds import load_folds
from src.evaluation.scoreboard import make_scoreboard


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.evaluate", description=__doc__)
    parser.add_argument("--against", metavar="EXPERIMENT", help="compare, row by row, with this one")
    parser.add_argument("--html", action="store_true", help="also write oof/comparison.html")
    arguments = parser.parse_args()
    against = arguments.against
    workspace = find_workspace()
    folds = load_folds(workspace)
    board = make_scoreboard(workspace, folds, against)
    if board.empty:
        print(f"no complete fold in {workspace.oof_dir} yet; train some: python -m scripts.train")
        return
    columns: dict[str, Callable[[Any], str]] = {
        "experiment": lambda row: row.experiment,
        "folds": lambda row: f"{row.folds_done}/{folds.num_folds}",
        "OOF accuracy %": lambda row: f"{100 * row.oof_accuracy:.3f} ± {100 * row.oof_standard_error:.3f}",
        "train %": lambda row: f"{100 * row.train_accuracy:.2f}",
        "macro F1": lambda row: f"{row.macro_f1:.4f}",
        "log loss": lambda row: f"{row.log_loss:.4f}",
        "weights": lambda row: f"{row.parameters:,}",
        "train s": lambda row: f"{row.train_seconds:,.0f}",
        "images/s": lambda row: f"{row.images_per_second:,.0f}",
    }
    if against is not None:
        del columns["macro F1"], columns["weights"], columns["images/s"]
        columns[f"minus {against}"] = lambda row: f"{100 * row.gain:+.3f} ± {100 * row.gain_standard_error:.3f}"
    table = Table(title=f"Out-of-fold scores, {len(folds.labels):,} rows in {folds.num_folds} folds")
    for heading in columns:
        table.add_column(heading, justify="left" if heading == "experiment" else "right", no_wrap=True)
    for row in board.itertuples():
        table.add_row(*(show(row) for show in columns.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    print(workspace.scoreboard_csv)
    if arguments.html:
        from src.reports.comparison import write_comparison  # here, as it loads Keras, which takes seconds

        write_comparison(board, workspace, folds)
        print(workspace.comparison_html)


if __name__ == "__main__":
    run(main)

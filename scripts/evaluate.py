"""Compare all experiments in one table: python -m scripts.evaluate [--against EXPERIMENT] [--html].

The table is also written to oof/scoreboard.csv. With --against, it also has the paired difference to that experiment,
on the rows that both have validated. With --html, a report is written to oof/comparison.html: metrics, costs, paired
tests, learning curves and feature importances. If rows are annotated (oof/label_issues.csv, oof/annotations.csv), the
table also has the accuracy on the decidable rows. oof/README.md explains the columns.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from scripts import run
from src.common.workspace import find_workspace
from src.data.folds import load_folds
from src.evaluation.annotations import load_decidable_labels
from src.evaluation.scoreboard import make_scoreboard


def main() -> None:
    """Print the scoreboard, and write the report if asked for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.evaluate", description=__doc__)
    parser.add_argument("--against", metavar="EXPERIMENT", help="compare, row by row, with this one")
    parser.add_argument("--html", action="store_true", help="also write oof/comparison.html")
    arguments = parser.parse_args()
    workspace = find_workspace()
    folds = load_folds(workspace)
    board = make_scoreboard(workspace, folds, arguments.against, load_decidable_labels(workspace, folds))
    if board.empty:
        print(f"no complete fold in {workspace.oof_dir} yet; train one: python -m scripts.train")
        return
    columns = _choose_columns(board, folds.num_folds, arguments.against)
    table = Table(title=f"Out-of-fold scores, {len(folds.labels):,} rows in {folds.num_folds} folds")
    for heading in columns:
        table.add_column(heading, justify="left" if heading == "experiment" else "right", no_wrap=True)
    for row in board.itertuples():
        table.add_row(*(show(row) for show in columns.values()))
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    print(workspace.scoreboard_csv)
    if arguments.html:
        from src.reports.comparison import write_comparison  # Loads Keras, which takes seconds.

        write_comparison(board, workspace, folds)
        print(workspace.comparison_html)


def _choose_columns(board: pd.DataFrame, num_folds: int, against: str | None) -> dict[str, Callable[[Any], str]]:
    """Return the headings of the table, each with a function that formats a row of the scoreboard."""
    columns: dict[str, Callable[[Any], str]] = {
        "experiment": lambda row: row.experiment,
        "folds": lambda row: f"{row.folds_done}/{num_folds}",
        "OOF accuracy %": lambda row: f"{100 * row.oof_accuracy:.3f} ± {100 * row.oof_standard_error:.3f}",
        "train %": lambda row: f"{100 * row.train_accuracy:.2f}",
        "macro F1": lambda row: f"{row.macro_f1:.4f}",
        "log loss": lambda row: f"{row.log_loss:.4f}",
        "weights": lambda row: f"{row.parameters:,}",
        "train s": lambda row: f"{row.train_seconds:,.0f}",
        "images/s": lambda row: f"{row.images_per_second:,.0f}",
    }
    has_decidable = "decidable_accuracy" in board
    if against is not None or has_decidable:  # The table is limited to the width of a terminal.
        del columns["macro F1"], columns["weights"], columns["images/s"]
    if has_decidable:
        if against is not None:
            del columns["train %"], columns["train s"]
        columns["decidable rows %"] = lambda row: (
            f"{100 * row.decidable_accuracy:.3f} ({100 * row.decidable_low:.3f} to {100 * row.decidable_high:.3f})"
        )
    if against is not None:
        columns[f"minus {against}"] = lambda row: f"{100 * row.gain:+.3f} ± {100 * row.gain_standard_error:.3f}"
    return columns


if __name__ == "__main__":
    run(main)

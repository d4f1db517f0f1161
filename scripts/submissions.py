"""Show what was sent to Kaggle, with OOF accuracy and public score: python -m scripts.submissions.

Adds the scores that submissions/log.csv lacks, and draws submissions/history.png.
"""

import argparse
import sys

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts import run
from src.common.workspace import find_workspace
from src.kaggle.submission_log import update_history
from src.reports.submission_plots import plot_history


def main() -> None:
    """Print the history of submissions as a table, and draw it."""
    argparse.ArgumentParser(prog="python -m scripts.submissions", description=__doc__).parse_args()
    workspace = find_workspace()
    history = update_history(workspace)
    if history.empty:
        print("nothing was sent yet; send the submission: python -m scripts.submit")
        return
    table = Table(title="Submissions")
    for heading in ("sent (UTC)", "OOF %", "public %", "status", "message"):
        table.add_column(heading, justify="right" if "%" in heading else "left", no_wrap=heading != "message")
    for row in history.to_dict("records"):
        table.add_row(
            str(row["time"])[:16].replace("T", " "),
            _format_percent(row["oof_accuracy"]),
            _format_percent(row["public_score"]),
            "" if pd.isna(row["status"]) else row["status"].lower(),
            escape(row["message"]),
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    plot_history(history, workspace.history_png)
    print(workspace.history_png)


def _format_percent(fraction: float) -> str:
    return "" if pd.isna(fraction) else f"{100 * fraction:.3f}"


if __name__ == "__main__":
    run(main)

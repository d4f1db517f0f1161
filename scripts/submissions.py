"""Show what was sent to Kaggle, OOF against public score: python -m scripts.submissions.

Fills the scores that submissions/log.csv lacks, and draws submissions/history.png.
"""

import argparse
import sys

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts import run
from src.common.workspace import find_workspace
from src.kaggle.client import list_sent
from src.kaggle.submissions import log_scores, merge_history
from src.reports.plots import plot_history


def main() -> None:
    argparse.ArgumentParser(prog="python -m scripts.submissions", description=__doc__).parse_args()
    workspace = find_workspace()
    sent = list_sent()
    log = log_scores(workspace, sent.set_index("reference")["public_score"].dropna().to_dict())
    history = merge_history(log, sent)
    if history.empty:
        print("nothing was sent yet; send the submission: python -m scripts.submit")
        return
    table = Table(title="Submissions")
    for heading in ("sent (UTC)", "OOF %", "public %", "status", "message"):
        table.add_column(heading, justify="right" if "%" in heading else "left", no_wrap=heading != "message")
    for row in history.itertuples():
        table.add_row(
            str(row.time)[:16].replace("T", " "),
            _percent(row.oof_accuracy),
            _percent(row.public_score),
            "" if pd.isna(row.status) else row.status.lower(),
            escape(row.message),
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    plot_history(history, workspace.history_png)
    print(workspace.history_png)


def _percent(share: float) -> str:
    return "" if pd.isna(share) else f"{100 * share:.3f}"


if __name__ == "__main__":
    run(main)

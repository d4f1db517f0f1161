"""Compare all experiments in one table, also written to oof/scoreboard.csv: python -m scripts.evaluate."""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from scripts import run
from src.folds import load_folds
from src.scoreboard import make_scoreboard
from src.workspace import find_workspace


def main() -> None:
    argparse.ArgumentParser(prog="python -m scripts.evaluate", description=__doc__).parse_args()
    workspace = find_workspace()
    folds = load_folds(workspace)
    board = make_scoreboard(workspace, folds)
    if board.empty:
        print(f"no complete fold in {workspace.oof_dir} yet; train some: python -m scripts.train")
        return
    table = Table(title=f"Out-of-fold scores, {len(folds.labels):,} rows in {folds.num_folds} folds")
    headings = "experiment|folds|OOF accuracy %|train %|macro F1|log loss|weights|train s|images/s"
    for heading in headings.split("|"):
        table.add_column(heading, justify="left" if heading == "experiment" else "right", no_wrap=True)
    for row in board.itertuples():
        table.add_row(
            row.experiment,
            f"{row.folds_done}/{folds.num_folds}",
            f"{100 * row.oof_accuracy:.3f} ± {100 * row.oof_standard_error:.3f}",
            f"{100 * row.train_accuracy:.2f}",
            f"{row.macro_f1:.4f}",
            f"{row.log_loss:.4f}",
            f"{row.parameters:,}",
            f"{row.train_seconds:,.0f}",
            f"{row.images_per_second:,.0f}",
        )
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    print(workspace.scoreboard_csv)


if __name__ == "__main__":
    run(main)

"""Analyse out-of-fold errors: python -m scripts.analyze_errors [EXPERIMENT|blend] [--annotations FILE].

Writes oof/error_report.html and oof/error_rows.html, pages for any browser, oof/errors.csv and oof/cleanlab.csv for
further analysis, and the plots as PNG in oof/error_report/. In the page, you can annotate rows and download the
annotations as a file. --annotations FILE adds them to oof/annotations.csv. If rows are annotated, the accuracy on the
decidable ones is reported, too.
"""

import argparse
from pathlib import Path

from scripts import run
from src.common.workspace import find_workspace
from src.data.datasets import load_dataset
from src.reports.error_findings import BLEND
from src.reports.error_report import write_error_report


def main() -> None:
    """Parse the arguments, write the report and print its summary and paths."""
    parser = argparse.ArgumentParser(prog="python -m scripts.analyze_errors", description=__doc__)
    parser.add_argument("name", nargs="?", default=BLEND, metavar="EXPERIMENT|blend", help="default: the last blend")
    parser.add_argument("--annotations", type=Path, metavar="FILE", help="annotations downloaded from the page")
    arguments = parser.parse_args()
    workspace = find_workspace()
    for line in write_error_report(arguments.name, load_dataset(workspace), workspace, arguments.annotations):
        print(line)
    print(workspace.errors_csv)
    print(workspace.error_report_html)


if __name__ == "__main__":
    run(main)

"""Look at the out-of-fold errors: python -m scripts.analyze_errors [EXPERIMENT|blend] [--verdicts FILE].

Writes oof/error_report.html, one file that any browser opens, oof/errors.csv for a notebook, and the plots as PNG in
oof/error_report/. Pick verdicts on suspected label errors in the page, download them, and read them back by --verdicts:
it then also says the accuracy without the mislabelled rows.
"""

import argparse
from pathlib import Path

from scripts import run
from src.common.workspace import find_workspace
from src.data.datasets import load_dataset
from src.reports.error_findings import BLEND
from src.reports.error_report import write_error_report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.analyze_errors", description=__doc__)
    parser.add_argument("name", nargs="?", default=BLEND, metavar="EXPERIMENT|blend", help="default: the last blend")
    parser.add_argument("--verdicts", type=Path, metavar="FILE", help="what was picked in the page and downloaded")
    arguments = parser.parse_args()
    workspace = find_workspace()
    for line in write_error_report(arguments.name, load_dataset(workspace), workspace, arguments.verdicts):
        print(line)
    print(workspace.errors_csv)
    print(workspace.error_report_html)


if __name__ == "__main__":
    run(main)

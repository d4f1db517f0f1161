"""Show what every experiment predicts for rows of train.csv, and which images are similar.

    python -m scripts.inspect_rows 15504 120
    python -m scripts.inspect_rows --wrong-in strided --right-in residual
    python -m scripts.inspect_rows --label 4 --read-as 9

Rows are counted from 0. Several conditions must all be met. Writes oof/rows.html, a page for any browser, and
oof/rows.csv.
"""

import argparse
import shlex
import sys

from scripts import run
from src.common.workspace import find_workspace
from src.reports.row_ledger import describe_row, write_row_ledger

NUM_PRINTED = 20


def main() -> None:
    """Parse the arguments, write the table and the page, and print the first rows."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.inspect_rows", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", type=int, metavar="ROW", help="row numbers of train.csv")
    conditions = parser.add_argument_group("conditions, instead of row numbers")
    for option, meaning in {"--wrong-in": "is not the label", "--right-in": "is the label"}.items():
        help_text = f"its prediction {meaning}; 'blend' is the last blend; may be repeated"
        conditions.add_argument(option, action="append", default=[], metavar="EXPERIMENT", help=help_text)
    conditions.add_argument("--label", type=int, choices=range(10), metavar="DIGIT", help="the label")
    read_as_help = "the prediction of at least one experiment"
    conditions.add_argument("--read-as", type=int, choices=range(10), metavar="DIGIT", help=read_as_help)
    arguments = vars(parser.parse_args())
    rows = arguments.pop("rows")
    if bool(rows) == any(value not in (None, []) for value in arguments.values()):
        parser.error("name either rows or conditions, such as: --label 4 --read-as 9")
    workspace = find_workspace()
    command = shlex.join(["python", "-m", "scripts.inspect_rows", *sys.argv[1:]])
    findings = write_row_ledger(rows, arguments, command, workspace)
    for found in findings[:NUM_PRINTED]:
        print(*describe_row(found), sep="\n")
    more = f", of which the first {NUM_PRINTED} are above" if len(findings) > NUM_PRINTED else ""
    print(f"{len(findings):,} {'row' if len(findings) == 1 else 'rows'}{more}")
    print(workspace.rows_csv)
    print(workspace.rows_html)


if __name__ == "__main__":
    run(main)

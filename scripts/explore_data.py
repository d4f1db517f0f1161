"""Describe the data: python -m scripts.explore_data [--output FILE] writes a page for any browser.

It shows class counts, duplicates, typical images and outliers, a map of the digits, differences between training and
test images, ink, slant and stroke width, and augmented images. The plots are also saved as PNG, beside the page.
"""

import argparse
from pathlib import Path

from scripts import run
from src.common.workspace import find_workspace
from src.reports.data_report import write_data_report


def main() -> None:
    """Parse the arguments, write the report and print its path."""
    parser = argparse.ArgumentParser(prog="python -m scripts.explore_data", description=__doc__)
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: input/data_report.html of the workspace")
    arguments = parser.parse_args()
    workspace = find_workspace()
    path = (arguments.output or workspace.data_report_html).resolve()
    if path.suffix != ".html":
        parser.error(f"--output needs a file that ends with .html, not {arguments.output}")
    write_data_report(workspace, path)
    print(path)


if __name__ == "__main__":
    run(main)

"""Describe the data: python -m scripts.explore_data writes input/data_report.html, a page for any browser.

It shows class counts, duplicates, typical images and outliers, a map of the digits, differences between training and
test images, ink, slant and stroke width, and augmented images. The plots are also saved as PNG, in input/data_report/.
"""

import argparse

from scripts import run
from src.common.workspace import find_workspace
from src.reports.data_report import write_data_report


def main() -> None:
    """Parse the arguments, write the report and print its path."""
    argparse.ArgumentParser(prog="python -m scripts.explore_data", description=__doc__).parse_args()
    workspace = find_workspace()
    write_data_report(workspace)
    print(workspace.data_report_html)


if __name__ == "__main__":
    run(main)

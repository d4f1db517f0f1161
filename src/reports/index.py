"""The page oof/index.html: all reports of a workspace."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from src.common.workspace import Workspace
from src.reports.pages import write_page


class Report(NamedTuple):
    """A page that a command writes."""

    title: str
    path: Path
    shows: str
    command: str


def write_report(path: Path, template: str, command: str, workspace: Workspace, **values: object) -> None:
    """Write the page of a report and, if it is in the workspace, also the page that lists all reports.

    Args:
        path: the file to write.
        template: of reports/templates/.
        command: that writes this page; it is named at the end of the page.
        workspace: that the report is about.
        **values: for the template.
    """
    is_listed = path.is_relative_to(workspace.root)
    index = os.path.relpath(workspace.reports_html, path.parent) if is_listed else ""
    write_page(path, template, command=command, index=index, **values)
    if is_listed:
        _write_index(workspace)


def _write_index(workspace: Workspace) -> None:
    """Write the page that lists the reports, those that are not yet written included."""
    reports = [
        Report(
            "Data report",
            workspace.data_report_html,
            "the images before any training: duplicates, typical images and outliers, a map, drift",
            "python -m scripts.explore_data",
        ),
        Report(
            "Comparison of experiments",
            workspace.comparison_html,
            "all scores, costs, paired tests, learning curves, complementary models",
            "python -m scripts.evaluate --html",
        ),
        Report(
            "Error report",
            workspace.error_report_html,
            "every error of the last blend or of one experiment, label issues, calibration",
            "python -m scripts.analyze_errors",
        ),
        Report(
            "Rows",
            workspace.rows_html,
            "what every experiment predicts for chosen rows, and their nearest neighbours",
            "python -m scripts.inspect_rows ROW...",
        ),
    ]
    write_page(
        workspace.reports_html,
        "index.html",
        command="",
        index="",
        reports=[
            (report, os.path.relpath(report.path, workspace.oof_dir), _find_time(report.path)) for report in reports
        ],
    )


def _find_time(path: Path) -> str:
    """Return when a file was written, or nothing if there is none."""
    return f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M} UTC" if path.exists() else ""

"""The row ledger: pages and a table of everything that is known about single rows of train.csv."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.workspace import Workspace
from src.data.datasets import Dataset, load_dataset
from src.data.near_duplicates import MAX_RMS_DIFFERENCE
from src.evaluation.annotations import find_annotated_rows, load_annotations
from src.reports.index import write_report
from src.reports.pages import embed_image
from src.reports.row_findings import RowFindings, choose_rows, inspect, load_predictions

MAX_ROWS = 2500
"""Rows that a page shows, at most; the table has all."""


def write_row_ledger(
    rows: Sequence[int], conditions: dict[str, Any], command: str, workspace: Workspace
) -> list[RowFindings]:
    """Write oof/rows.html and oof/rows.csv about rows of train.csv.

    Args:
        rows: row numbers; none to choose the rows by the conditions.
        conditions: keyword arguments of `choose_rows`.
        command: the command that writes the page; the page names it.
        workspace: where the fold results are and the files go.

    Returns:
        What is known about the rows, in the order of the page.

    Raises:
        InputError: there is no such row or experiment, or a file is missing or damaged.
    """
    dataset = load_dataset(workspace)
    for row in rows:
        if not 0 <= row < len(dataset.labels):
            raise InputError(f"there is no row {row}: train.csv has the rows 0..{len(dataset.labels) - 1}")
    predictions = load_predictions(workspace, dataset.folds)
    annotated = find_annotated_rows(load_annotations(workspace), dataset.images, dataset.labels)
    chosen = list(dict.fromkeys(rows)) or choose_rows(predictions, dataset.labels, **conditions).tolist()
    findings = inspect(chosen, dataset, predictions, annotated)
    _write_table(findings, workspace)
    write_row_page(workspace.rows_html, findings, dataset, command, workspace)
    return findings


def write_row_page(
    path: Path, findings: Sequence[RowFindings], dataset: Dataset, command: str, workspace: Workspace
) -> None:
    """Write a page about rows, on which each has the id row-NUMBER.

    Args:
        path: the file to write.
        findings: the rows, in the order of the page.
        dataset: images of the workspace.
        command: the command that writes the page; the page names it.
        workspace: where the rows come from.
    """
    shown = findings[:MAX_ROWS]
    pictured = {row for found in shown for row in (found.row, *(neighbor.row for neighbor in found.neighbors))}
    write_report(
        path,
        "row_ledger.html",
        command,
        workspace,
        findings=shown,
        num_rows=len(findings),
        images={row: embed_image(dataset.images[row]) for row in pictured},
        max_difference=MAX_RMS_DIFFERENCE,
    )


def _write_table(findings: Sequence[RowFindings], workspace: Workspace) -> None:
    """Write oof/rows.csv, one line for each row.

    The columns are row, fold, label, pixel_hash, annotation, corrected_by, neighbors (row numbers), neighbor_labels,
    neighbor_differences (grey levels), near_duplicates_disagree (empty without a near duplicate), and of each
    experiment NAME (the predicted digit), NAME_confidence and NAME_label_probability.
    """
    table = pd.DataFrame(map(_make_line, findings), columns=None if findings else ["row"])
    with atomic_write(workspace.rows_csv) as temporary:
        table.convert_dtypes().to_csv(temporary, index=False)  # Whole numbers stay whole beside empty cells.


def _make_line(found: RowFindings) -> dict[str, object]:
    line: dict[str, object] = {
        "row": found.row,
        "fold": found.fold,
        "label": found.label,
        "pixel_hash": found.pixel_hash,
        "annotation": found.annotation,
        "corrected_by": " ".join(found.corrected_by),
        "neighbors": " ".join(str(neighbor.row) for neighbor in found.neighbors),
        "neighbor_labels": " ".join(str(neighbor.label) for neighbor in found.neighbors),
        "neighbor_differences": " ".join(f"{neighbor.difference:.1f}" for neighbor in found.neighbors),
        "near_duplicates_disagree": found.near_duplicates_disagree if found.near_duplicates else None,
    }
    for name, prediction in found.predictions.items():
        line[name] = prediction.predicted
        line[f"{name}_confidence"] = round(prediction.confidence, 6)
        line[f"{name}_label_probability"] = round(prediction.label_probability, 6)
    return line


def describe_row(found: RowFindings) -> list[str]:
    """Describe a row in lines of text."""
    annotation = f", annotated: {found.annotation}" if found.annotation else ""
    lines = [f"row {found.row}: label {found.label}, fold {found.fold}, {found.pixel_hash}{annotation}"]
    for digit in sorted({prediction.predicted for prediction in found.predictions.values()}):
        names = ", ".join(
            f"{name} {100 * prediction.confidence:.1f} %"
            for name, prediction in found.predictions.items()
            if prediction.predicted == digit
        )
        is_right = digit == found.label
        lines.append(f"  {digit} ({'the label' if is_right else 'wrong'}): {names}")
    neighbors = ", ".join(f"{near.label} (row {near.row}, {near.difference:.0f})" for near in found.neighbors)
    lines.append(f"  nearest images, difference in grey levels: {neighbors}")
    if found.near_duplicates:
        labels = "a near duplicate has another label" if found.near_duplicates_disagree else "all have the same label"
        lines.append(f"  near duplicates: {len(found.near_duplicates)}; {labels}")
    return lines

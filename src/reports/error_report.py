"""The page oof/error_report.html: the errors of a model, and labels that may be wrong."""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import confusion_matrix

from src.common.arrays import Labels
from src.common.competition import NUM_CLASSES
from src.common.files import atomic_write
from src.common.metrics import compute_digit_metrics, compute_metrics, format_accuracy
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.evaluation.annotations import (
    COLUMNS,
    VERDICTS,
    add_annotations,
    decide_labels,
    find_annotated_rows,
    load_annotations,
)
from src.evaluation.calibration import find_temperature, scale_nested
from src.evaluation.label_issues import make_cleanlab_table, rank_label_issues
from src.reports import error_plots
from src.reports.error_findings import (
    AnalyzedModel,
    compare_errors,
    load_analyzed_model,
    make_error_table,
    measure_by_statistics,
    measure_folds,
)
from src.reports.index import write_report
from src.reports.pages import embed_image
from src.reports.plots import render_svg
from src.reports.row_findings import RowFindings, inspect
from src.reports.row_ledger import write_row_page
from src.validation.oof import require_test_images

MAX_ERRORS = 2000
"""Errors that the page shows, at most; keeps the page of a weak model small."""
NUM_LABEL_ISSUES = 100
NUM_UNSURE = 48
"""Images with a low confidence that the page shows, of the training and of the test images each."""


@dataclass(frozen=True)
class Card:
    """An image, and what the model predicts for it."""

    row: int
    image: str  # data URI
    top: list[tuple[int, float]]  # the three most probable digits and their probabilities

    @property
    def predicted(self) -> int:
        """The most probable digit."""
        return self.top[0][0]


@dataclass(frozen=True)
class LabelledCard(Card):
    """A training image, and everything that is known about its row."""

    found: RowFindings


def write_error_report(name: str, dataset: Dataset, workspace: Workspace, annotations: Path | None = None) -> list[str]:
    """Write oof/error_report.html, error_rows.html, errors.csv and cleanlab.csv, and plots in oof/error_report/.

    Args:
        name: an experiment, or `blend` for the last blend.
        dataset: images, labels and folds of the workspace.
        workspace: where the fold results are and the files go.
        annotations: a file of annotations that was downloaded from the page; they are kept in oof/annotations.csv.

    Returns:
        Lines that summarise the errors.

    Raises:
        InputError: there is no such model, its results are damaged or of other data, or the annotations are.
    """
    model = load_analyzed_model(name, workspace, dataset.folds)
    for member in model.members:
        require_test_images(model.experiments[member], dataset.fingerprints()["test"], workspace)
    if annotations is not None:
        add_annotations(annotations, workspace)
    annotated = find_annotated_rows(load_annotations(workspace), dataset.images, dataset.labels)
    with atomic_write(workspace.errors_csv) as temporary:
        make_error_table(model, dataset.folds).to_csv(temporary, index=False)
    with atomic_write(workspace.cleanlab_csv) as temporary:
        make_cleanlab_table(dataset.labels, model.oof, annotated).to_csv(temporary, float_format="%.6g")
    summary = _summarize(model, dataset.labels, annotated)
    _write_page(model, dataset, annotated, summary, workspace)
    return summary


def _summarize(model: AnalyzedModel, labels: Labels, annotated: pd.DataFrame) -> list[str]:
    predicted = model.oof.argmax(axis=1)
    is_correct = predicted == labels
    num_errors = int((~is_correct).sum())
    lines = [f"{model.name}: OOF {format_accuracy(is_correct.mean(), len(labels))}, {num_errors:,} errors"]
    if len(annotated):
        counts = annotated["verdict"].value_counts()
        lines.append("annotated rows: " + ", ".join(f"{counts.get(name, 0)} {name}" for name in VERDICTS))
        score = decide_labels(labels, annotated).measure(np.arange(len(labels)), predicted)
        interval = f"{100 * score.low:.3f} to {100 * score.high:.3f} %"
        lines.append(f"on the {score.num_rows:,} decidable rows: OOF {100 * score.accuracy:.3f} % ({interval})")
    return lines


def _write_page(
    model: AnalyzedModel, dataset: Dataset, annotated: pd.DataFrame, summary: list[str], workspace: Workspace
) -> None:
    folds, labels, oof = dataset.folds, dataset.labels, model.oof
    kinds = {"uncalibrated": oof, "calibrated": scale_nested(oof, labels, folds.assignment)}
    errors = model.find_errors(labels)
    shown = {
        "errors": errors[:MAX_ERRORS],
        "label_issues": rank_label_issues(labels, oof)[:NUM_LABEL_ISSUES],
        "unsure": model.find_unsure(labels)[:NUM_UNSURE],
    }
    command = f"python -m scripts.analyze_errors {model.name}"
    predictions = {model.name: oof} | {name: member.oof for name, member in model.experiments.items()}
    findings = inspect(np.unique(np.concatenate(list(shown.values()))).tolist(), dataset, predictions, annotated)
    write_row_page(workspace.error_rows_html, findings, dataset, command, workspace)
    cards = {
        found.row: LabelledCard(found.row, embed_image(dataset.images[found.row]), _find_top(oof[found.row]), found)
        for found in findings
    }
    histories = _collect_histories(model)
    png_dir = workspace.error_report_html.with_suffix("")
    if png_dir.exists():
        shutil.rmtree(png_dir)  # It may hold plots of another model.
    plot = partial(render_svg, png_dir=png_dir)
    write_report(
        workspace.error_report_html,
        "error_report.html",
        command,
        workspace,
        model=model,
        summary=summary,
        folds=measure_folds(model, folds),
        confusion=confusion_matrix(labels, oof.argmax(axis=1), labels=range(NUM_CLASSES)).tolist(),
        num_errors=len(errors),
        **{kind: [cards[row] for row in rows] for kind, rows in shown.items()},
        ledger=workspace.error_rows_html.name,
        columns=COLUMNS,
        unsure_test=_make_test_cards(model, dataset),
        digits=compute_digit_metrics(labels, oof).to_dict("records"),
        roc=plot(error_plots.draw_roc, labels, oof),
        precision_recall=plot(error_plots.draw_precision_recall, labels, oof),
        temperature=find_temperature(oof, labels),
        calibration={name: compute_metrics(labels, proba) for name, proba in kinds.items()},
        reliability=plot(error_plots.draw_reliability, labels, kinds),
        overlap=compare_errors(model, folds),
        statistics=plot(error_plots.draw_by_statistics, measure_by_statistics(model, labels, dataset.images)),
        histories=plot(error_plots.draw_histories, histories) if histories else "",
    )


def _collect_histories(model: AnalyzedModel) -> dict[str, dict[int, list[dict[str, float]]]]:
    """Collect the training histories of the members that have one, by experiment and fold."""
    histories = {
        name: {record.fold: record.history for record in model.experiments[name].records if record.history}
        for name in model.members
    }
    return {name: by_fold for name, by_fold in histories.items() if by_fold}


def _make_test_cards(model: AnalyzedModel, dataset: Dataset) -> list[Card]:
    """Make cards of the test images with the lowest confidence."""
    rows = np.argsort(model.test.max(axis=1), kind="stable")[:NUM_UNSURE]
    return [Card(int(row), embed_image(dataset.test_images[row]), _find_top(model.test[row])) for row in rows]


def _find_top(proba: npt.NDArray[np.floating[Any]]) -> list[tuple[int, float]]:
    return [(int(digit), float(proba[digit])) for digit in np.argsort(-proba, kind="stable")[:3]]

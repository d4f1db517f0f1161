"""oof/error_report.html: where a model is wrong, and where the labels may be."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from src.common.competition import NUM_CLASSES
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.metrics import compute_digit_metrics, compute_metrics, format_accuracy
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.evaluation.calibration import find_temperature, scale_nested
from src.evaluation.label_issues import rank_label_issues
from src.reports import error_plots, plots
from src.reports.error_findings import (
    Subject,
    compare_experiments,
    load_subject,
    make_error_table,
    measure_by_statistics,
    measure_folds,
)
from src.reports.pages import embed_images, write_page
from src.validation.oof import require_test_images

NUM_SUSPECTS = 100
NUM_SHOWN = 48  # least sure hits, and test images
MAX_ERRORS = 2000  # shown ones: keeps the page small where a weak model is looked at
VERDICTS = ("mislabelled", "undecidable", "model's fault")


def write_error_report(name: str, dataset: Dataset, workspace: Workspace, verdicts: Path | None = None) -> list[str]:
    """Write the page, oof/errors.csv and the plots as PNG in oof/error_report/.

    Args:
        name: an experiment, or `blend`.
        verdicts: what a person has picked in the page and downloaded.

    Returns:
        Lines for the terminal.

    Raises:
        InputError: nothing of that name, damaged results, or verdicts that are not of these rows.
    """
    folds = dataset.folds
    subject = load_subject(name, workspace, folds)
    labels, oof = folds.labels, subject.oof
    for member in subject.members:
        require_test_images(subject.experiments[member], dataset.fingerprints()["test"], workspace)
    judged = None if verdicts is None else _read_verdicts(verdicts, labels)
    errors = np.flatnonzero(oof.argmax(axis=1) != labels)
    errors = errors[np.argsort(-oof[errors].max(axis=1), kind="stable")]
    table = make_error_table(subject, folds, errors)
    with atomic_write(workspace.errors_csv) as temporary:
        table.to_csv(temporary, index=False)
    summary = _summarize(subject, labels, judged)
    _write_page(subject, dataset, errors, summary, workspace)
    return summary


def _read_verdicts(path: Path, labels: np.ndarray) -> pd.DataFrame:
    """Columns row, label and verdict, each row once."""
    again = "download it again in oof/error_report.html"
    try:
        table = pd.read_csv(path)[["row", "label", "verdict"]]
        rows = table["row"].astype(np.int64)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} holds no verdicts ({error}); {again}") from None
    known = (rows == table["row"]) & rows.between(0, len(labels) - 1) & table["verdict"].isin(VERDICTS)
    if not known.all() or rows.duplicated().any():
        raise InputError(f"{path} has a row or a verdict that is not known, or a row twice; {again}")
    if (labels[rows] != table["label"]).any():
        raise InputError(f"{path} is of other data: its labels are not those of train.csv; {again}")
    return table.assign(row=rows)


def _summarize(subject: Subject, labels: np.ndarray, judged: pd.DataFrame | None) -> list[str]:
    hits = subject.oof.argmax(axis=1) == labels
    lines = [f"{subject.name}: OOF {format_accuracy(hits.mean(), len(hits))}, {int((~hits).sum()):,} errors"]
    if judged is not None:
        counts = judged["verdict"].value_counts()
        lines.append("verdicts: " + ", ".join(f"{counts.get(verdict, 0)} {verdict}" for verdict in VERDICTS))
        kept = np.ones(len(hits), bool)
        kept[judged.loc[judged["verdict"] == "mislabelled", "row"]] = False
        lines.append(f"without the mislabelled rows: OOF {format_accuracy(hits[kept].mean(), int(kept.sum()))}")
    return lines


def _write_page(
    subject: Subject, dataset: Dataset, errors: np.ndarray, summary: list[str], workspace: Workspace
) -> None:
    folds, labels, oof = dataset.folds, dataset.labels, subject.oof
    scaled = scale_nested(oof, labels, folds.assignment)
    hits = np.flatnonzero(oof.argmax(axis=1) == labels)
    directory = workspace.error_report_html.with_suffix("")

    plot = partial(plots.render, png_dir=directory)
    histories = {
        name: {record.fold: record.history for record in subject.experiments[name].records if record.get("history")}
        for name in subject.members
    }
    histories = {name: folds for name, folds in histories.items() if folds}
    if directory.exists():
        shutil.rmtree(directory)  # plots of another subject
    write_page(
        workspace.error_report_html,
        "error_report.html",
        subject=subject,
        data=folds.fingerprint,
        summary=summary,
        folds=measure_folds(subject, folds),
        confusion=confusion_matrix(labels, oof.argmax(axis=1), labels=range(NUM_CLASSES)).tolist(),
        digits=compute_digit_metrics(labels, oof).to_dict("records"),
        figures={"as it is": compute_metrics(labels, oof), "scaled": compute_metrics(labels, scaled)},
        temperature=find_temperature(oof, labels),
        roc=plot(error_plots.draw_roc, labels, oof),
        precision_recall=plot(error_plots.draw_precision_recall, labels, oof),
        reliability=plot(error_plots.draw_reliability, labels, {"as it is": oof, "scaled": scaled}),
        histories=plot(error_plots.draw_histories, histories) if histories else "",
        statistics=plot(error_plots.draw_by_statistics, measure_by_statistics(subject, folds, dataset.images)),
        agreement=compare_experiments(subject, folds),
        verdicts=VERDICTS,
        num_errors=len(errors),
        errors=_make_cards(subject, dataset, errors[:MAX_ERRORS]),
        suspects=_make_cards(subject, dataset, rank_label_issues(labels, oof)[:NUM_SUSPECTS]),
        unsure=_make_cards(subject, dataset, hits[np.argsort(oof[hits].max(axis=1), kind="stable")[:NUM_SHOWN]]),
        unsure_test=_make_test_cards(subject, dataset),
    )


def _make_cards(subject: Subject, dataset: Dataset, rows: np.ndarray) -> list[dict[str, Any]]:
    table = make_error_table(subject, dataset.folds, rows)
    names = list(subject.experiments)
    cards: list[dict[str, Any]] = []
    for entry in table.to_dict("records"):
        votes = {name: entry.pop(name) for name in names}
        best = np.argsort(-subject.oof[entry["row"]], kind="stable")[:3]
        cards.append(
            {str(key): value for key, value in entry.items()}
            | {
                "image": embed_images(dataset.images[entry["row"]][None]),
                "votes": votes,
                "wrong": [name for name, vote in votes.items() if vote != entry["label"]],
                "best": [(int(digit), float(subject.oof[entry["row"], digit])) for digit in best],
            }
        )
    return cards


def _make_test_cards(subject: Subject, dataset: Dataset) -> list[dict[str, Any]]:
    rows = np.argsort(subject.test.max(axis=1), kind="stable")[:NUM_SHOWN]
    return [
        {
            "row": int(row),
            "image": embed_images(dataset.test_images[row][None]),
            "best": [(int(digit), float(subject.test[row, digit])) for digit in np.argsort(-subject.test[row])[:3]],
        }
        for row in rows
    ]

"""Annotations: the digits that a person reads in training images whose label is in doubt.

An image is identified by the hash of its pixels, so annotations stay valid for other splits, orders or parts of the
rows.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from src.common.arrays import Images, Labels, RowNumbers, fingerprint
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.metrics import confidence_interval
from src.common.workspace import LABEL_ISSUES_CSV, Workspace
from src.data.csv_files import load_train
from src.data.folds import Folds, require_same_train

VERDICTS = MISLABELLED, UNDECIDABLE, CORRECT = "mislabelled", "undecidable", "correct"
COLUMNS = ["pixel_hash", "given_label", "reading", "verdict", "note"]


class DecidableAccuracy(NamedTuple):
    """Accuracy on the rows that a person can decide."""

    num_rows: int
    accuracy: float
    low: float  # 95 % confidence interval
    high: float


@dataclass(frozen=True)
class DecidableLabels:
    """The labels of train.csv after annotation: corrected where they are wrong; undecidable rows are marked."""

    labels: Labels  # int64 (n,): the reading of a mislabelled row, the given label of every other
    is_decidable: npt.NDArray[np.bool_]  # (n,)

    def measure(self, rows: RowNumbers, predicted: Labels) -> DecidableAccuracy:
        """Measure the accuracy of predicted digits, int64 (m,), on those of the rows, int64 (m,), that are decidable.

        At least one of the rows must be decidable.
        """
        is_correct = (predicted == self.labels[rows])[self.is_decidable[rows]]
        interval = confidence_interval(int(is_correct.sum()), len(is_correct))
        return DecidableAccuracy(len(is_correct), float(is_correct.mean()), *interval)


def read_annotations(path: Path) -> pd.DataFrame:
    """Read a file of annotations.

    Args:
        path: a CSV file with the columns `COLUMNS`; further columns are ignored. pixel_hash is the `fingerprint` of the
            image, given_label its label in train.csv, reading the digit that the annotator sees, empty if undecidable,
            verdict one of `VERDICTS`, and note any text.

    Returns:
        These columns as text; each image once.

    Raises:
        InputError: the file is missing or damaged.
    """
    remedy = "correct it, or download the annotations again from oof/error_report.html"
    try:
        table = pd.read_csv(path, usecols=COLUMNS, dtype=str, keep_default_na=False)[COLUMNS]
    except (OSError, ValueError) as error:
        raise InputError(f"{path} holds no annotations ({error}); {remedy}") from None
    expected = [_judge(reading, label) for reading, label in zip(table["reading"], table["given_label"], strict=True)]
    problems = {
        "the pixel_hash is not 16 hex digits": ~table["pixel_hash"].str.fullmatch("[0-9a-f]{16}"),
        "the given_label is not a digit": ~table["given_label"].str.fullmatch("[0-9]"),
        "the reading is neither a digit nor empty": ~table["reading"].str.fullmatch("[0-9]?"),
        "the verdict does not follow from given_label and reading": table["verdict"] != expected,
        "the pixel_hash occurs twice": table["pixel_hash"].duplicated(),
    }
    for problem, is_wrong in problems.items():
        if is_wrong.any():
            raise InputError(f"{path}, data row {is_wrong.argmax() + 1}: {problem}; {remedy}")
    return table


def load_annotations(workspace: Workspace) -> pd.DataFrame:
    """Read the annotations that come with the code (oof/label_issues.csv) and those of the workspace.

    Those of the workspace take precedence.

    Returns:
        The columns `COLUMNS` as text; each image once.

    Raises:
        InputError: a file is damaged.
    """
    paths = (LABEL_ISSUES_CSV, workspace.annotations_csv)
    return _merge([read_annotations(path) for path in paths if path.exists()])


def add_annotations(path: Path, workspace: Workspace) -> None:
    """Add the annotations of a file to those of the workspace, oof/annotations.csv; the added ones take precedence.

    Raises:
        InputError: a file is missing or damaged; nothing is written.
    """
    kept = workspace.annotations_csv
    merged = _merge([read_annotations(file) for file in (kept, path) if file == path or file.exists()])
    with atomic_write(kept) as temporary:
        merged.to_csv(temporary, index=False)


def find_annotated_rows(annotations: pd.DataFrame, images: Images, labels: Labels) -> pd.DataFrame:
    """Find the rows of annotated images.

    The verdict is that on the present label, which may be another than the annotated one.

    Args:
        annotations: see `load_annotations`.
        images: uint8 (n, 28, 28, 1).
        labels: int64 (n,).

    Returns:
        Columns reading ("" if undecidable), verdict and note, by row number, sorted.
    """
    hashes = [fingerprint(image) for image in images] if len(annotations) else []
    present = pd.DataFrame({"pixel_hash": hashes, "label": labels[: len(hashes)].astype(str)}, dtype=str)
    table = present.reset_index(names="row").merge(annotations, on="pixel_hash").set_index("row").sort_index()
    verdicts = [_judge(reading, label) for reading, label in zip(table["reading"], table["label"], strict=True)]
    return table.assign(verdict=verdicts)[["reading", "verdict", "note"]]


def decide_labels(labels: Labels, annotated: pd.DataFrame) -> DecidableLabels:
    """Correct labels, int64 (n,), by the annotated rows of `find_annotated_rows`."""
    is_undecidable = annotated["verdict"] == UNDECIDABLE
    is_decidable = np.ones(len(labels), bool)
    is_decidable[annotated.index[is_undecidable]] = False
    decided = labels.copy()
    decided[annotated.index[~is_undecidable]] = annotated.loc[~is_undecidable, "reading"].astype(np.int64)
    return DecidableLabels(decided, is_decidable)


def load_decidable_labels(workspace: Workspace, folds: Folds) -> DecidableLabels | None:
    """Read train.csv and the annotations, and correct the labels.

    Returns:
        None if no row is annotated, or if train.csv, which nothing else about fold results needs, is not there.

    Raises:
        InputError: a file is damaged, or train.csv is not that of the folds.
    """
    annotations = load_annotations(workspace)
    if annotations.empty or not workspace.train_csv.exists():
        return None
    images, labels = load_train(workspace)
    require_same_train(folds, fingerprint(images, labels), workspace)
    annotated = find_annotated_rows(annotations, images, labels)
    return None if annotated.empty else decide_labels(labels, annotated)


def _merge(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Join tables of annotations; a later one takes precedence."""
    joined = pd.concat([pd.DataFrame(columns=COLUMNS, dtype=str), *tables], ignore_index=True)
    return joined.drop_duplicates("pixel_hash", keep="last", ignore_index=True)


def _judge(reading: str, label: str) -> str:
    if not reading:
        return UNDECIDABLE
    return CORRECT if reading == label else MISLABELLED

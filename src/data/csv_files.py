"""CSV files to arrays: reading, checking, and fingerprints."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from src.common.competition import IMAGE_SHAPE, LABEL_COLUMN, NUM_CLASSES, PIXEL_COLUMNS, SUBMISSION_COLUMNS
from src.common.errors import InputError
from src.common.workspace import Workspace

DOWNLOAD_REMEDY = "fetch it anew: python -m scripts.download_data --force"


def load_train(workspace: Workspace) -> tuple[np.ndarray, np.ndarray]:
    """Read train.csv.

    Returns:
        images, uint8 (n, 28, 28, 1), and labels, int64 (n,).

    Raises:
        InputError: the file is missing or anything but complete rows of a label 0..9 and 784 pixels 0..255.
    """
    return read_train(workspace.train_csv)


def read_train(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a file in the format of train.csv; see `load_train`."""
    table = _read_table(path, (LABEL_COLUMN, *PIXEL_COLUMNS))
    labels = table[:, 0].astype(np.int64)
    wrong = np.flatnonzero(labels >= NUM_CLASSES)
    if len(wrong):
        raise InputError(f"{path}, data row {wrong[0] + 1}: the label is {labels[wrong[0]]}, not a digit 0..9; {DOWNLOAD_REMEDY}")
    return table[:, 1:].reshape(-1, *IMAGE_SHAPE), labels


def load_test(workspace: Workspace) -> np.ndarray:
    """Read test.csv: images, uint8 (n, 28, 28, 1). Raises InputError as `load_train` does."""
    return read_test(workspace.test_csv)


def read_test(path: Path) -> np.ndarray:
    """Read a file in the format of test.csv; see `load_test`."""
    return _read_table(path, PIXEL_COLUMNS).reshape(-1, *IMAGE_SHAPE)


def _read_table(path: Path, columns: tuple[str, ...]) -> np.ndarray:
    """Read a CSV of whole numbers 0..255 with exactly these columns: uint8 (n, len(columns))."""
    if not path.is_file():
        raise InputError(
            f"{path} is missing; get it: python -m scripts.download_data, or name a workspace that has it "
            "(DIGITS_WORKSPACE=.sample after python -m scripts.download_data --sample)"
        )
    _check_header(path, columns)
    try:
        # The header has been checked, and may hold spaces or quotation marks.
        table = pl.read_csv(path, has_header=False, skip_rows=1, schema=dict.fromkeys(columns, pl.UInt8))
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: {_find_fault(path, columns) or str(error).splitlines()[0]}; {DOWNLOAD_REMEDY}") from None
    if any(table.null_count().row(0)):  # blank lines, which are harmless, or missing cells
        table = table.filter(~pl.all_horizontal(pl.all().is_null()))
        if fault := _find_fault(path, columns):
            raise InputError(f"{path}: {fault}; {DOWNLOAD_REMEDY}")
    return table.to_numpy(order="c")


def _check_header(path: Path, columns: tuple[str, ...]) -> None:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        found = tuple(name.strip().strip('"') for name in file.readline().split(","))
        empty = not file.readline().strip()
    if found == columns:
        if empty:
            raise InputError(f"{path} has a header but no rows; {DOWNLOAD_REMEDY}")
        return
    if LABEL_COLUMN in columns and found == PIXEL_COLUMNS:
        raise InputError(f"{path} has no label column: it looks like test.csv; put train.csv in its place")
    if LABEL_COLUMN not in columns and found == (LABEL_COLUMN, *PIXEL_COLUMNS):
        raise InputError(f"{path} has a label column: it looks like train.csv; put test.csv in its place")
    raise InputError(
        f"{path} has {len(found)} columns beginning with {found[0][:20]!r}, not the {len(columns)} columns "
        f"{columns[0]}..{columns[-1]}; {DOWNLOAD_REMEDY}"
    )


def _find_fault(path: Path, columns: tuple[str, ...]) -> str | None:
    """Look, row by row, for what keeps a file from being read; slow, but it knows the row."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        try:
            for number, row in enumerate(filter(None, rows), start=1):
                if len(row) != len(columns):
                    return f"data row {number} has {len(row)} of {len(columns)} columns, so the file is damaged"
                for column, cell in zip(columns, row, strict=True):
                    if not (cell.isascii() and cell.isdecimal() and int(cell) <= 255):
                        return f"data row {number}, {column} is {cell[:20]!r}, not a whole number 0..255"
        except csv.Error as error:
            return f"not a readable CSV ({error})"
    return None


def read_submission(path: Path, num_rows: int) -> np.ndarray:
    """Read a file in the format that Kaggle scores.

    Returns:
        labels, int64 (num_rows,).

    Raises:
        InputError: not exactly the columns ImageId and Label, the ids 1..num_rows in order, and labels 0..9.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; {DOWNLOAD_REMEDY}")
    try:
        frame = pd.read_csv(path)
    except ValueError as error:  # of pandas' parser, and of text that is not UTF-8
        raise InputError(f"{path} is not a readable CSV ({str(error).strip()}); {DOWNLOAD_REMEDY}") from None
    if tuple(frame.columns) != SUBMISSION_COLUMNS:
        raise InputError(f"{path} has the columns {', '.join(map(str, frame.columns))}, not ImageId,Label")
    if not np.array_equal(frame["ImageId"], np.arange(1, num_rows + 1)):
        raise InputError(
            f"{path} has {len(frame)} rows, or ImageIds that are not 1..{num_rows} in order, as needed here"
        )
    if not frame["Label"].isin(range(NUM_CLASSES)).all():
        raise InputError(f"{path} has a Label that is not a digit 0..9")
    return frame["Label"].to_numpy(np.int64)

"""Read and check the competition's CSV files."""

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl

from src.common.arrays import Images, LabelledImages, Labels
from src.common.competition import IMAGE_SHAPE, LABEL_COLUMN, NUM_CLASSES, PIXEL_COLUMNS, SUBMISSION_COLUMNS
from src.common.errors import InputError
from src.common.workspace import Workspace

DOWNLOAD_REMEDY = "download it again: python -m scripts.download_data --force"
_MAX_PIXEL = 255


def load_train(workspace: Workspace) -> LabelledImages:
    """Read train.csv of a workspace.

    Returns:
        Images, uint8 (n, 28, 28, 1), and labels, int64 (n,), in the order of the file.

    Raises:
        InputError: the file is missing or holds anything but complete rows of a label 0..9 and 784 pixels 0..255.
    """
    return read_train(workspace.train_csv)


def read_train(path: Path) -> LabelledImages:
    """Read a CSV file in the format of train.csv.

    Returns:
        Images, uint8 (n, 28, 28, 1), and labels, int64 (n,), in the order of the file.

    Raises:
        InputError: the file is missing or holds anything but complete rows of a label 0..9 and 784 pixels 0..255.
    """
    table = _read_table(path, (LABEL_COLUMN, *PIXEL_COLUMNS))
    labels = table[:, 0].astype(np.int64)
    wrong = np.flatnonzero(labels >= NUM_CLASSES)
    if len(wrong):
        row, label = wrong[0] + 1, labels[wrong[0]]
        raise InputError(f"{path}, data row {row}: the label is {label}, not a digit 0..9; {DOWNLOAD_REMEDY}")
    return LabelledImages(table[:, 1:].reshape(-1, *IMAGE_SHAPE), labels)


def load_test(workspace: Workspace) -> Images:
    """Read test.csv of a workspace.

    Returns:
        Images, uint8 (n, 28, 28, 1), in the order of the file.

    Raises:
        InputError: the file is missing or holds anything but complete rows of 784 pixels 0..255.
    """
    return read_test(workspace.test_csv)


def read_test(path: Path) -> Images:
    """Read a file in the format of test.csv; returns and raises the same as `load_test`."""
    return _read_table(path, PIXEL_COLUMNS).reshape(-1, *IMAGE_SHAPE)


def _read_table(path: Path, columns: tuple[str, ...]) -> npt.NDArray[np.uint8]:
    """Read a CSV file that has exactly these columns and whole numbers 0..255: uint8 (n, len(columns))."""
    if not path.is_file():
        raise InputError(
            f"{path} is missing; download it: python -m scripts.download_data, or use a workspace that has it "
            "(DIGITS_WORKSPACE=.sample after python -m scripts.download_data --sample)"
        )
    _check_header(path, columns)
    try:
        # The header has been checked; Polars would not match names with spaces or quotation marks.
        table = pl.read_csv(path, has_header=False, skip_rows=1, schema=dict.fromkeys(columns, pl.UInt8))
    except pl.exceptions.PolarsError as error:
        problem = _find_invalid_row(path, columns) or str(error).splitlines()[0]
        raise InputError(f"{path}: {problem}; {DOWNLOAD_REMEDY}") from None
    if any(table.null_count().row(0)):  # Polars gives nulls for empty lines, which are allowed, and for missing cells.
        table = table.filter(~pl.all_horizontal(pl.all().is_null()))
        if invalid := _find_invalid_row(path, columns):
            raise InputError(f"{path}: {invalid}; {DOWNLOAD_REMEDY}")
    return table.to_numpy(order="c")


def _check_header(path: Path, columns: tuple[str, ...]) -> None:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        found = tuple(name.strip().strip('"') for name in file.readline().split(","))
        has_rows = bool(file.readline().strip())
    if found == columns:
        if not has_rows:
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


def _find_invalid_row(path: Path, columns: tuple[str, ...]) -> str | None:
    """Describe the first row that is not as many numbers 0..255 as there are columns; None if there is no such row.

    Python's csv module is slow, so this runs only after Polars has failed, whose messages do not name the row.
    """
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        try:
            for number, row in enumerate(filter(None, rows), start=1):
                if len(row) != len(columns):
                    return f"data row {number} has {len(row)} of {len(columns)} columns, so the file is damaged"
                for column, cell in zip(columns, row, strict=True):
                    if not (cell.isascii() and cell.isdecimal() and int(cell) <= _MAX_PIXEL):
                        return f"data row {number}, {column} is {cell[:20]!r}, not a whole number 0..{_MAX_PIXEL}"
        except csv.Error as error:
            return f"it is not a readable CSV file ({error})"
    return None


def read_submission(path: Path, num_rows: int, remedy: str = DOWNLOAD_REMEDY) -> Labels:
    """Read a file in the format that Kaggle scores.

    Args:
        path: a CSV file with the columns ImageId and Label.
        num_rows: how many rows it must have.
        remedy: the end of the error messages: how to get a correct file.

    Returns:
        Labels, int64 (num_rows,).

    Raises:
        InputError: the file is missing, has other columns, ids other than 1..num_rows in order, or labels other than
            0..9.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; {remedy}")
    try:
        frame = pd.read_csv(path)
    except ValueError as error:  # Of the parser of pandas, or of text that is not UTF-8.
        raise InputError(f"{path} is not a readable CSV file ({str(error).strip()}); {remedy}") from None
    if tuple(frame.columns) != SUBMISSION_COLUMNS:
        raise InputError(f"{path} has the columns {', '.join(map(str, frame.columns))}, not ImageId,Label; {remedy}")
    if not np.array_equal(frame["ImageId"], np.arange(1, num_rows + 1)):
        raise InputError(f"{path} has {len(frame)} rows, or ImageIds that are not 1..{num_rows} in order; {remedy}")
    if not frame["Label"].isin(range(NUM_CLASSES)).all():
        raise InputError(f"{path} has a Label that is not a digit 0..9; {remedy}")
    return frame["Label"].to_numpy(np.int64)

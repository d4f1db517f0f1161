"""CSV files to arrays: reading, checking, and fingerprints."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from src.competition import (
    IMAGE_SHAPE,
    LABEL_COLUMN,
    NUM_CLASSES,
    PIXEL_COLUMNS,
    SUBMISSION_COLUMNS,
)
from src.errors import InputError
from src.workspace import Workspace

BLOCK_SIZE = 2**23  # bytes: with 785 columns, the default of a megabyte makes a third more work
FETCH = "fetch it anew: python -m scripts.download_data --force"


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
    labels = table[LABEL_COLUMN].to_numpy().astype(np.int64)
    wrong = np.flatnonzero(labels >= NUM_CLASSES)
    if len(wrong):
        raise InputError(f"{path}, data row {wrong[0] + 1}: the label is {labels[wrong[0]]}, not a digit 0..9; {FETCH}")
    return _to_images(table.drop_columns([LABEL_COLUMN])), labels


def load_test(workspace: Workspace) -> np.ndarray:
    """Read test.csv: images, uint8 (n, 28, 28, 1). Raises InputError as `load_train` does."""
    return read_test(workspace.test_csv)


def read_test(path: Path) -> np.ndarray:
    """Read a file in the format of test.csv; see `load_test`."""
    return _to_images(_read_table(path, PIXEL_COLUMNS))


def fingerprint(*arrays: np.ndarray) -> str:
    """Name the contents of arrays: 16 hex digits of SHA-256 over their bytes, whatever the file looked like."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def _read_table(path: Path, columns: tuple[str, ...]) -> pa.Table:
    """Read a CSV of whole numbers 0..255 with exactly these columns."""
    if not path.is_file():
        raise InputError(
            f"{path} is missing; get it: python -m scripts.download_data, or name a workspace that has it "
            "(DIGITS_WORKSPACE=.sample after python -m scripts.download_data --sample)"
        )
    _check_header(path, columns)
    return _parse(path, columns, use_threads=True)


def _to_images(table: pa.Table) -> np.ndarray:
    # Arrow turns the columns into one row-major block far quicker than NumPy, which would write with strides.
    return table.combine_chunks().to_batches()[0].to_tensor(row_major=True).to_numpy().reshape(-1, *IMAGE_SHAPE)


def _check_header(path: Path, columns: tuple[str, ...]) -> None:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        found = tuple(name.strip().strip('"') for name in file.readline().split(","))
        empty = not file.readline().strip()
    if found == columns:
        if empty:
            raise InputError(f"{path} has a header but no rows; {FETCH}")
        return
    if LABEL_COLUMN in columns and found == PIXEL_COLUMNS:
        raise InputError(f"{path} has no label column: it looks like test.csv; put train.csv in its place")
    if LABEL_COLUMN not in columns and found == (LABEL_COLUMN, *PIXEL_COLUMNS):
        raise InputError(f"{path} has a label column: it looks like train.csv; put test.csv in its place")
    raise InputError(
        f"{path} has {len(found)} columns beginning with {found[0][:20]!r}, not the {len(columns)} columns "
        f"{columns[0]}..{columns[-1]}; {FETCH}"
    )


def _parse(path: Path, columns: tuple[str, ...], use_threads: bool) -> pa.Table:
    reading = pa_csv.ReadOptions(
        use_threads=use_threads, block_size=BLOCK_SIZE, column_names=columns, skip_rows=1
    )  # the header has been checked, and may hold spaces
    converting = pa_csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.uint8()), null_values=[])
    try:
        return pa_csv.read_csv(path, reading, convert_options=converting)
    except pa.ArrowInvalid as error:
        if use_threads:  # only a single-threaded read knows the row
            return _parse(path, columns, use_threads=False)
        raise InputError(f"{path}: {_explain(str(error), columns)}; {FETCH}") from None


def _explain(message: str, columns: tuple[str, ...]) -> str:
    """Put Arrow's complaint in a Kaggler's words."""
    if cell := re.search(
        r"column #(\d+): (?:Row #(\d+): )?CSV conversion error to uint8: invalid value '(.*)'", message
    ):
        row = f"data row {int(cell[2]) - 1}, " if cell[2] else ""
        return f"{row}{columns[int(cell[1])]} is {cell[3]!r}, not a whole number 0..255"
    if length := re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", message):
        row = f"data row {int(length[1]) - 1}" if length[1] else "a row"
        return f"{row} has {length[3]} of {length[2]} columns, so the file is truncated or damaged"
    return f"not a readable CSV ({message.splitlines()[0]})"


def read_submission(path: Path, num_rows: int) -> np.ndarray:
    """Read a file in the format that Kaggle scores.

    Returns:
        labels, int64 (num_rows,).

    Raises:
        InputError: not exactly the columns ImageId and Label, the ids 1..num_rows in order, and labels 0..9.
    """
    if not path.is_file():
        raise InputError(f"{path} is missing; {FETCH}")
    try:
        frame = pd.read_csv(path)
    except ValueError as error:  # of pandas' parser, and of text that is not UTF-8
        raise InputError(f"{path} is not a readable CSV ({str(error).strip()}); {FETCH}") from None
    if tuple(frame.columns) != SUBMISSION_COLUMNS:
        raise InputError(f"{path} has the columns {', '.join(map(str, frame.columns))}, not ImageId,Label")
    if not np.array_equal(frame["ImageId"], np.arange(1, num_rows + 1)):
        raise InputError(
            f"{path} has {len(frame)} rows, or ImageIds that are not 1..{num_rows} in order, as needed here"
        )
    if not frame["Label"].isin(range(NUM_CLASSES)).all():
        raise InputError(f"{path} has a Label that is not a digit 0..9")
    return frame["Label"].to_numpy(np.int64)

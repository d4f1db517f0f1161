"""Readings that somebody said were wrong, with the right digit: kept as rows of train.csv."""

import csv
import fcntl
import io
import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from src.common.competition import IMAGE_SHAPE, LABEL_COLUMN, PIXEL_COLUMNS
from src.common.errors import InputError

COLUMNS = (LABEL_COLUMN, *PIXEL_COLUMNS, "predicted", "time")
MAX_BYTES = 10_000_000  # some thousand rows


def save_flag(path: Path, image: np.ndarray, predicted: int | None, truth: int) -> None:
    """Append a row; several processes may do so at once.

    Args:
        image: uint8 (28, 28, 1), what the network saw.
        predicted: what it said.
        truth: what is right.

    Raises:
        InputError: the file is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", newline="") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0, os.SEEK_END)  # others may have written since it was opened
        if file.tell() > MAX_BYTES:
            raise InputError(f"{path} is full; move it away")
        row = io.StringIO()
        writer = csv.writer(row, lineterminator="\n")
        if file.tell() == 0:
            writer.writerow(COLUMNS)
        time = datetime.now(UTC).isoformat(timespec="seconds")
        writer.writerow([truth, *image.ravel().tolist(), "" if predicted is None else predicted, time])
        file.write(row.getvalue())


def load_flags(path: Path) -> tuple[np.ndarray, np.ndarray, list[int | None]]:
    """Read all rows: images, uint8 (n, 28, 28, 1), right digits, int64 (n,), and what was read instead."""
    if not path.exists():
        return np.empty((0, *IMAGE_SHAPE), np.uint8), np.empty(0, np.int64), []
    table = pd.read_csv(path)
    images = table[list(PIXEL_COLUMNS)].to_numpy(np.uint8).reshape(-1, *IMAGE_SHAPE)
    predicted = [None if np.isnan(digit) else int(digit) for digit in table["predicted"].astype(float)]
    return images, table[LABEL_COLUMN].to_numpy(np.int64), predicted


def export_flags(path: Path, to: Path) -> None:
    """Write the rows as train.csv has them: a label and 784 pixels."""
    pd.read_csv(path)[[LABEL_COLUMN, *PIXEL_COLUMNS]].to_csv(to, index=False)

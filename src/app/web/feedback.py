"""Corrections of wrong predictions by users of the page, saved as rows of train.csv."""

import fcntl
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from src.common.arrays import Images, Labels
from src.common.competition import IMAGE_SHAPE, LABEL_COLUMN, PIXEL_COLUMNS
from src.common.errors import InputError

MAX_BYTES = 10_000_000
"""Size at which the file takes no more rows: some thousand of them."""

_COLUMNS = (LABEL_COLUMN, *PIXEL_COLUMNS, "predicted", "time")


class Feedback(NamedTuple):
    """All saved corrections."""

    images: Images
    labels: Labels  # the digits that users called correct
    predicted: list[int | None]  # the predictions that they corrected


def save_feedback(path: Path, image: npt.NDArray[np.uint8], predicted: int | None, label: int) -> None:
    """Append a correction to a CSV file; several processes may do so at once.

    Args:
        path: the file; it is created if it does not exist.
        image: uint8 (28, 28, 1), the input of the network.
        predicted: the predicted digit, if any.
        label: the correct digit.

    Raises:
        InputError: the file is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    time = datetime.now(UTC).isoformat(timespec="seconds")
    values = [label, *image.ravel().tolist(), "" if predicted is None else predicted, time]
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)  # Another process may have written since the file was opened.
        if size > MAX_BYTES:
            raise InputError(f"{path} is full; move it away, then save the correction again")
        file.seek(max(0, size - 1))
        is_cut_off = file.read() not in (b"", b"\n")  # A full disk has left a part of a row.
        start = "\n" if is_cut_off else "" if size else ",".join(_COLUMNS) + "\n"
        file.write(f"{start}{','.join(map(str, values))}\n".encode())


def load_feedback(path: Path) -> Feedback:
    """Load all corrections from a CSV file; none if it does not exist.

    Raises:
        InputError: the file is damaged.
    """
    if not path.exists():
        return Feedback(np.empty((0, *IMAGE_SHAPE), np.uint8), np.empty(0, np.int64), [])
    try:
        table = pd.read_csv(path).dropna(subset=list(PIXEL_COLUMNS))  # without rows that a full disk has cut off
        images = table[list(PIXEL_COLUMNS)].astype(np.uint8).to_numpy().reshape(-1, *IMAGE_SHAPE)
        predicted = [None if np.isnan(digit) else int(digit) for digit in table["predicted"].astype(float)]
        return Feedback(images, table[LABEL_COLUMN].to_numpy(np.int64), predicted)
    except (ValueError, KeyError):
        raise InputError(f"{path} is damaged, or another program has changed it; move it elsewhere") from None


def export_feedback(path: Path, target: Path) -> None:
    """Write the corrections in `path` to `target` in the format of train.csv: a label and 784 pixels.

    Raises:
        InputError: there are no corrections, or the file is damaged.
    """
    images, labels, _ = load_feedback(path)
    if not len(labels):
        raise InputError("no corrections have been saved yet")
    table = pd.DataFrame(images.reshape(len(labels), -1), columns=list(PIXEL_COLUMNS))
    table.insert(0, LABEL_COLUMN, labels)
    table.to_csv(target, index=False)

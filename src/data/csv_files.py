"""Read and check the competition's CSV files."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from src.common.arrays import Images, LabelledImages, Labels
from src.common.competition import (
    IMAGE_SHAPE,
    IMAGE_SIDE,
    LABEL_COLUMN,
    NUM_CLASSES,
    PIXEL_COLUMNS,
    SUBMISSION_COLUMNS,
)
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_tables import TableError, read_table

DOWNLOAD_REMEDY = "move it elsewhere and run python -m scripts.download_data"
_MNIST_PIXELS = {f"{i // IMAGE_SIDE + 1}x{i % IMAGE_SIDE + 1}": column for i, column in enumerate(PIXEL_COLUMNS)}
"""Other names of the pixels, 1x1 to 28x28, in common CSV files of MNIST."""
_MNIST_SIZES = {60_000: "MNIST's training set", 70_000: "the whole of MNIST"}


def load_train(workspace: Workspace) -> LabelledImages:
    """Read train.csv of a workspace.

    Returns:
        Images, uint8 (n, 28, 28, 1), and labels, int64 (n,), in the order of the file.

    Raises:
        InputError: the file is missing or holds anything but complete rows of a label 0..9 and 784 pixels 0..255, or it
            is MNIST, which has the labels of the competition's test images.
    """
    return read_train(workspace.train_csv)


def read_train(path: Path) -> LabelledImages:
    """Read a CSV file in the format of train.csv.

    Returns:
        Images, uint8 (n, 28, 28, 1), and labels, int64 (n,), in the order of the file.

    Raises:
        InputError: the file is missing or holds anything but complete rows of a label 0..9 and 784 pixels 0..255, or it
            is MNIST, which has the labels of the competition's test images.
    """
    table = _read_images(path, (LABEL_COLUMN, *PIXEL_COLUMNS))
    labels = table[:, 0].astype(np.int64)
    wrong = np.flatnonzero(labels >= NUM_CLASSES)
    if len(wrong):
        row, label = wrong[0] + 1, labels[wrong[0]]
        raise InputError(f"{path}, data row {row}: the label is {label}, not a digit 0..9; {_name_remedy(path)}")
    if name := _MNIST_SIZES.get(len(labels)):
        raise InputError(
            f"{path} has {len(labels)} rows, as {name} has, which contains the labels of the competition's test "
            f"images; {_name_remedy(path)}"
        )
    return LabelledImages(table[:, 1:].reshape(-1, *IMAGE_SHAPE), labels)


def load_test(workspace: Workspace) -> Images:
    """Read test.csv of a workspace.

    Returns:
        Images, uint8 (n, 28, 28, 1), in the order of the file.

    Raises:
        InputError: the file is missing or holds anything but complete rows of 784 pixels 0..255.
    """
    return _read_images(workspace.test_csv, PIXEL_COLUMNS).reshape(-1, *IMAGE_SHAPE)


def _read_images(path: Path, columns: tuple[str, ...]) -> npt.NDArray[Any]:
    """Read a CSV file that has these columns: uint8 (n, len(columns))."""
    if not path.is_file():
        raise InputError(
            f"{path} is missing; download it: python -m scripts.download_data, or use a workspace that has it "
            "(DIGITS_WORKSPACE=.sample after python -m scripts.download_data --sample)"
        )
    try:
        return read_table(path, columns, np.uint8, _MNIST_PIXELS)
    except TableError as error:
        swapped = {PIXEL_COLUMNS: "test.csv", (LABEL_COLUMN, *PIXEL_COLUMNS): "train.csv"}.get(error.found)
        problem = f"its columns are those of {swapped}" if swapped else str(error)
        raise InputError(f"{path}: {problem}; {_name_remedy(path)}") from None


def _name_remedy(path: Path) -> str:
    """Return the end of an error message about a file in input/: how to get a correct one."""
    is_sample = Workspace(path.parent.parent).test_labels_csv.exists()
    return DOWNLOAD_REMEDY + " --sample" * is_sample


def check_sample_submission(workspace: Workspace, num_rows: int) -> None:
    """Check sample_submission.csv of a workspace if it is there; nothing needs it, as test.csv says the same.

    Raises:
        InputError: it is not a submission of `num_rows` rows.
    """
    if workspace.sample_submission_csv.exists():
        read_submission(workspace.sample_submission_csv, num_rows)


def read_submission(path: Path, num_rows: int, remedy: str | None = None) -> Labels:
    """Read a file in the format that Kaggle scores.

    Args:
        path: a CSV file with the columns ImageId and Label.
        num_rows: how many rows it must have.
        remedy: the end of the error messages: how to get a correct file; None for a file of input/.

    Returns:
        Labels, int64 (num_rows,).

    Raises:
        InputError: the file is missing, has other columns, ids other than 1..num_rows in order, or labels other than
            0..9.
    """
    remedy = remedy or _name_remedy(path)
    if not path.is_file():
        raise InputError(f"{path} is missing; {remedy}")
    try:
        table = read_table(path, SUBMISSION_COLUMNS, np.uint32)
    except TableError as error:
        raise InputError(f"{path}: {error}; {remedy}") from None
    ids, labels = table[:, 0], table[:, 1].astype(np.int64)
    if len(ids) != num_rows:
        raise InputError(f"{path} has {len(ids)} rows, but there are {num_rows} test images; {remedy}")
    for problem, is_wrong in {
        f"the ImageIds are not 1..{num_rows} in order": ids != np.arange(1, num_rows + 1),
        "the Label is not a digit 0..9": labels >= NUM_CLASSES,
    }.items():
        if is_wrong.any():
            raise InputError(f"{path}, data row {is_wrong.argmax() + 1}: {problem}; {remedy}")
    return labels

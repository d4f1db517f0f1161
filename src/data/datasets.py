"""`Dataset`: the competition's images together with their division into folds."""

from dataclasses import dataclass

import numpy as np

from src.common.arrays import Images, Labels, fingerprint
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import check_sample_submission, load_test, load_train
from src.data.folds import FOLDS_REMEDY, Folds, load_folds, require_same_train


@dataclass(frozen=True)
class Dataset:
    """The competition's images and their division into folds."""

    images: Images  # uint8 (n, 28, 28, 1)
    labels: Labels  # int64 (n,)
    test_images: Images  # uint8 (t, 28, 28, 1)
    folds: Folds

    def fingerprints(self) -> dict[str, str]:
        """Return the fingerprints of everything that a fold result depends on: train, test and folds."""
        return {
            "train": self.folds.fingerprint,
            "test": fingerprint(self.test_images),
            "folds": self.folds.assignment_fingerprint(),
        }


def load_dataset(workspace: Workspace) -> Dataset:
    """Read train.csv, test.csv and the folds, and check sample_submission.csv if it is there.

    Raises:
        InputError: one of the files is missing or damaged, or the folds belong to another train.csv.
    """
    images, labels = load_train(workspace)
    folds = load_folds(workspace)
    require_same_train(folds, fingerprint(images, labels), workspace)
    if not np.array_equal(folds.labels, labels):
        raise InputError(f"{workspace.folds_csv} has other rows or labels than train.csv; {FOLDS_REMEDY}")
    test_images = load_test(workspace)
    check_sample_submission(workspace, len(test_images))
    return Dataset(images, labels, test_images, folds)

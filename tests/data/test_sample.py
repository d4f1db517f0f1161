"""The embedded sample: Kaggle's format, stratified, and kept apart from other data."""

import numpy as np
import pandas as pd
import pytest

from src.common.competition import LABEL_COLUMN, PIXEL_COLUMNS
from src.common.errors import InputError
from src.common.workspace import REPOSITORY, Workspace
from src.data.csv_files import load_test, load_train, read_submission
from src.data.sample import write_sample
from tests.conftest import snapshot


def test_has_kaggles_format(sample):
    assert tuple(pd.read_csv(sample.train_csv, nrows=1).columns) == (LABEL_COLUMN, *PIXEL_COLUMNS)
    assert tuple(pd.read_csv(sample.test_csv, nrows=1).columns) == PIXEL_COLUMNS
    assert (read_submission(sample.sample_submission_csv, 1000) == 0).all()


def test_is_stratified_and_disjoint(sample):
    images, labels = load_train(sample)
    test_images, test_labels = load_test(sample), read_submission(sample.test_labels_csv, 1000)
    assert np.bincount(labels).tolist() == [400] * 10
    assert np.bincount(test_labels).tolist() == [100] * 10
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in test_images}


def test_is_the_same_every_time(sample, tmp_path):
    write_sample(Workspace(tmp_path))
    assert (tmp_path / "input" / "train.csv").read_bytes() == sample.train_csv.read_bytes()


@pytest.mark.parametrize("is_sample", [False, True])
def test_does_not_replace_other_data(small, is_sample):
    if not is_sample:
        small.test_labels_csv.unlink()
    before = snapshot(small.root)
    with pytest.raises(InputError, match=r"is not the sample's, and is not replaced; move it elsewhere"):
        write_sample(small)
    assert snapshot(small.root) == before


def test_replaces_other_data_if_forced(small, sample):
    write_sample(small, force=True)
    assert snapshot(small.input_dir) == snapshot(sample.input_dir)


def test_is_refused_in_the_repository():
    with pytest.raises(InputError, match="is not for the sample"):
        write_sample(Workspace(REPOSITORY))

"""The workspaces whose trainings are measured."""

import gzip

import numpy as np

from src.benchmark.scaling import take_rows
from src.data.csv_files import load_train
from src.data.folds import load_folds


def test_takes_the_first_rows_of_a_file_of_any_layout(small, tmp_path):
    expected = load_train(small)
    small.train_csv.write_bytes(gzip.compress(small.train_csv.read_bytes().replace(b"\n", b"\r")))
    small.sample_submission_csv.unlink()
    part = take_rows(small, tmp_path / "part", 200)
    for taken, array in zip(load_train(part), expected, strict=True):
        np.testing.assert_array_equal(taken, array[:200])
    assert len(load_folds(part).labels) == 200 and part.test_csv.samefile(small.test_csv)

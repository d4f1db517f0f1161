"""Findings of the data report."""

import numpy as np
import pandas as pd
import pytest

from src.reports.data_findings import (
    find_duplicates,
    find_medoids,
    find_outliers,
    load_images,
    map_digits,
    measure_drift,
)


@pytest.fixture(scope="module")
def small_data(sample_small, tmp_path_factory):
    """300 + 60 images of the sample. Read only."""
    return load_images(sample_small(tmp_path_factory.mktemp("images") / "workspace"))


@pytest.fixture
def with_copies(small):
    """Copies of the first training image: one with another label, two among the test images, one of them fainter."""
    train, test = pd.read_csv(small.train_csv), pd.read_csv(small.test_csv)
    train.iloc[7] = train.iloc[0]
    train.loc[7, "label"] = (train.loc[0, "label"] + 1) % 10
    test.iloc[3] = train.iloc[0, 1:]
    test.iloc[5] = (train.iloc[0, 1:] * 0.98).astype(int)
    train.to_csv(small.train_csv, index=False)
    test.to_csv(small.test_csv, index=False)
    return small


def test_copies_are_found_where_they_are(with_copies):
    found = find_duplicates(load_images(with_copies))
    counts = {kind: (pairs.num_identical, pairs.num_near, pairs.num_contradicting) for kind, pairs in found.items()}
    assert counts == {
        "among training images": (1, 0, 1),
        "between training and test images": (2, 2, 0),
        "among test images": (0, 1, 0),
    }
    between = found["between training and test images"]
    assert between.pairs.tolist() == [[0, 303], [7, 303], [0, 305], [7, 305]]
    assert (np.diff(between.differences) >= 0).all()


def test_a_medoid_is_close_to_the_other_images_of_its_digit(small_data):
    medoids = find_medoids(small_data)
    assert list(medoids) == list(range(10))
    for digit, medoid in medoids.items():
        assert small_data.labels[medoid] == digit
        others = small_data.components[: small_data.num_train][small_data.labels == digit]
        sums = np.linalg.norm(others[:, None] - others, axis=2).sum(axis=1)
        assert np.linalg.norm(others - small_data.components[medoid], axis=1).sum() == pytest.approx(
            sums.min(), rel=1e-5
        )


def test_an_image_of_noise_is_an_outlier_of_its_digit(small):
    frame = pd.read_csv(small.train_csv)
    digit = frame.loc[11, "label"]
    frame.iloc[11, 1:] = np.random.default_rng(0).integers(0, 256, 784)
    frame.to_csv(small.train_csv, index=False)
    outliers = find_outliers(load_images(small))
    assert outliers[digit][0] == 11
    assert list(outliers) == list(range(10))


def test_on_the_map_digits_are_close_to_their_own_kind(small_data):
    rows, positions = map_digits(small_data)
    assert rows.tolist() == list(range(300))
    assert positions.min(axis=0).tolist() == [0, 0] and positions.max(axis=0).tolist() == [1, 1]
    distances = np.linalg.norm(positions[:, None] - positions, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (small_data.labels[distances.argmin(axis=1)] == small_data.labels).mean() > 0.7


def test_drift_is_found_where_there_is_some_and_only_there(sample, small):
    alike = measure_drift(load_images(sample))
    assert abs(alike.auc - 0.5) < 4 * alike.standard_error
    fainter = pd.read_csv(small.test_csv) // 2
    fainter.to_csv(small.test_csv, index=False)
    assert measure_drift(load_images(small)).auc > 0.9

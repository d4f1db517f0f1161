"""The page about the data says what the data say."""

import re

import numpy as np
import pandas as pd
import pytest

from src.common.errors import InputError
from src.data.csv_files import load_train
from src.reports.data_findings import find_duplicates, find_outliers, load_data, measure_drift
from src.reports.data_report import write_data_report


@pytest.fixture
def with_copies(small):
    """The first training image again: as another digit, and among the test images, as it is and a little paler."""
    train, test = pd.read_csv(small.train_csv), pd.read_csv(small.test_csv)
    train.iloc[7] = train.iloc[0]
    train.loc[7, "label"] = (train.loc[0, "label"] + 1) % 10
    test.iloc[3] = train.iloc[0, 1:]
    test.iloc[5] = (train.iloc[0, 1:] * 0.98).astype(int)
    train.to_csv(small.train_csv, index=False)
    test.to_csv(small.test_csv, index=False)
    return small


def test_copies_are_found_where_they_are(with_copies):
    found = find_duplicates(load_data(with_copies))
    train, test, across = (found[name] for name in ("within the training images", "within the test images", "across"))
    assert (train["identical"], train["near"], train["contradicting"]) == (1, 0, 1)
    assert (test["identical"], test["near"]) == (0, 1)
    assert (across["identical"], across["near"]) == (2, 2)
    assert across["shown"][0]["names"][1] == "test row 3"


def test_an_image_unlike_its_digit_is_an_outlier(small):
    frame = pd.read_csv(small.train_csv)
    digit = frame.loc[11, "label"]
    frame.iloc[11, 1:] = np.random.default_rng(0).integers(0, 256, 784)
    frame.to_csv(small.train_csv, index=False)
    outliers = {row["digit"]: row["shown"] for row in find_outliers(load_data(small))}
    assert outliers[digit][0]["row"] == 11 and len(outliers) == 10


def test_drift_is_seen_where_there_is_some_and_only_there(sample, small):
    alike = measure_drift(load_data(sample))
    assert abs(alike["auc"] - 0.5) < 4 * alike["error"]
    paler = pd.read_csv(small.test_csv) // 2
    paler.to_csv(small.test_csv, index=False)
    assert measure_drift(load_data(small))["auc"] > 0.9


def test_page_is_whole_and_stands_alone(small):
    write_data_report(small)
    page = small.data_report_html.read_text()
    counts = np.bincount(load_train(small)[1])
    row = page[page.index('<tr><th scope="row">images') :].split("</tr>")[0]
    assert [int(count) for count in re.findall(r"<td>(\d+)", row)] == counts.tolist()
    assert not re.search(r"""(src|href)="(?!#|data:)|url\((?!#|\$\{sheet\})""", page)  # it requests nothing
    assert page.count("<circle") == 300 and "Are training and test images alike?" in page
    plots = {path.name for path in (small.input_dir / "data_report").iterdir()}
    assert plots == {f"{n}.png" for n in ("intensities", "scree", "components", "statistics", "statistics_of_digits")}


def test_without_data_it_says_what_to_do(small):
    small.test_csv.unlink()
    with pytest.raises(InputError, match=r"test\.csv"):
        write_data_report(small)
    assert not small.data_report_html.exists()

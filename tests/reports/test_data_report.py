"""The page about the data."""

import re

import numpy as np
import pytest

from src.common.errors import InputError
from src.data.csv_files import load_train
from src.reports.data_report import write_data_report
from tests.conftest import files_below


def test_the_page_is_complete_and_loads_nothing(small, tmp_path):
    """It is written elsewhere, as where input/ cannot be written."""
    path = tmp_path / "page.html"
    before = files_below(small.root)
    write_data_report(small, path)
    assert files_below(small.root) == before
    page = path.read_text()
    counts = np.bincount(load_train(small)[1])
    row = page[page.index('<tr><th scope="row">training images') :].split("</tr>")[0]
    assert [int(count) for count in re.findall(r"<td>(\d+)", row)] == counts.tolist()
    assert not re.search(r"""src="(?!data:)|<link|url\((?!#|\$\{images\})""", page)
    assert page.count("<circle") == 300
    assert page.count('alt="Medoid of the digit') == 10
    assert page.count('<img class="grid"') >= 3  # one for each kind of augmentation
    plots = {path.name for path in (tmp_path / "page").iterdir()}
    assert plots == {f"{n}.png" for n in ("intensities", "scree", "components", "statistics", "statistics_by_digit")}


def test_missing_data_is_named_and_nothing_is_written(small):
    small.test_csv.unlink()
    with pytest.raises(InputError, match=r"test\.csv"):
        write_data_report(small, small.data_report_html)
    assert not small.data_report_html.exists()


def test_a_file_with_too_few_rows_is_named(small):
    lines = small.test_csv.read_text().splitlines(keepends=True)
    small.test_csv.write_text("".join(lines[:2]))
    small.sample_submission_csv.unlink()
    with pytest.raises(InputError, match=r"test\.csv has 1 rows; a report needs 50"):
        write_data_report(small, small.data_report_html)

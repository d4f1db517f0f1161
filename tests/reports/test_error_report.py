"""The page about errors, and the files beside it."""

import re
import shutil

import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix

from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.datasets import load_dataset
from src.reports import error_report
from src.reports.error_findings import load_analyzed_model
from src.reports.error_report import write_error_report
from tests.annotations import write_annotations


@pytest.fixture(scope="module")
def written(two_experiments_once, dataset, tmp_path_factory):
    """A workspace with the error report of `first`, and the lines that were returned."""
    workspace = Workspace(shutil.copytree(two_experiments_once.root, tmp_path_factory.mktemp("written") / "workspace"))
    return workspace, write_error_report("first", dataset, workspace)


def test_the_page_shows_the_errors_of_the_experiment(written):
    workspace, lines = written
    assert lines == ["first: OOF 90.00 ± 1.73 %, 30 errors"]
    table = pd.read_csv(workspace.errors_csv)
    page = workspace.error_report_html.read_text()
    shown = re.findall(r'id="error-(\d+)" data-hash="\w+" data-label="(\d)" data-predicted="(\d)"', page)
    expected = table[["row", "label", "predicted"]].itertuples(index=False, name=None)
    assert [tuple(map(int, card)) for card in shown] == list(expected)
    assert not re.search(r"""src="(?!data:)|<link|url\((?!#)""", page)  # It loads nothing.
    ledger = workspace.error_rows_html.read_text()
    for row in re.findall(r'href="error_rows.html#(row-\d+)"', page):
        assert f'id="{row}"' in ledger
    plots = {path.stem for path in (workspace.oof_dir / "error_report").iterdir()}
    assert plots == {"roc", "precision_recall", "reliability", "histories", "by_statistics"}


def test_the_confusion_matrix_is_that_of_scikit_learn(written, dataset):
    workspace, _ = written
    predicted = load_analyzed_model("first", workspace, dataset.folds).oof.argmax(axis=1)
    matrix = confusion_matrix(dataset.labels, predicted, labels=range(10))
    page = workspace.error_report_html.read_text()
    cells = re.findall(r'<button data-label="(\d)" data-predicted="(\d)" aria-label="(\d+) images', page)
    assert {(int(a), int(b)): int(count) for a, b, count in cells} == {
        (a, b): matrix[a, b] for a in range(10) for b in range(10) if a != b and matrix[a, b]
    }


def test_a_weak_model_has_a_page_of_its_first_errors_and_no_plot_of_another_one(two_experiments, dataset, monkeypatch):
    monkeypatch.setattr(error_report, "MAX_ERRORS", 7)
    png_dir = two_experiments.oof_dir / "error_report"
    png_dir.mkdir()
    (png_dir / "histories.png").write_bytes(b"of another model")
    write_error_report("second", dataset, two_experiments)
    page = two_experiments.error_report_html.read_text()
    assert len(re.findall(r'id="error-\d+"', page)) == 7 and "The first 7 of 20 errors" in page
    plots = {path.stem for path in png_dir.iterdir()}
    assert plots == {"roc", "precision_recall", "reliability", "by_statistics"}  # `second` has no training history.


def test_annotations_are_summarised(two_experiments, dataset, tmp_path):
    """In row 10, the annotator reads what the experiment predicts, in row 11 another digit."""
    labels = dataset.labels
    readings = {10: (labels[10] + 1) % 10, 11: (labels[11] + 2) % 10, 12: "", 13: labels[13]}
    annotations = write_annotations(tmp_path / "annotations.csv", dataset, readings)
    lines = write_error_report("first", dataset, two_experiments, annotations)
    assert lines[1:] == [
        "annotated rows: 2 mislabelled, 1 undecidable, 1 correct",
        "on the 299 decidable rows: OOF 90.635 % (86.799 to 93.441 %)",
    ]
    assert write_error_report("first", dataset, two_experiments)[1:] == lines[1:]  # They are kept.
    assert f"annotated: mislabelled, reads {readings[10]} (row 10)<br>" in two_experiments.error_report_html.read_text()
    table = pd.read_csv(two_experiments.cleanlab_csv, index_col="row")
    assert list(table)[:4] == ["is_label_issue", "label_quality", "given_label", "predicted_label"]
    assert table["is_label_issue"][[10, 11, 12, 13, 20]].tolist() == [True, True, True, False, True]
    assert (table["given_label"] == labels).all() and table["label_quality"][[10, 0]].tolist() == [0.01, 0.91]


def test_after_damaged_annotations_nothing_is_written(two_experiments, dataset, tmp_path):
    with pytest.raises(InputError, match="holds no annotations"):
        write_error_report("first", dataset, two_experiments, tmp_path / "missing.csv")
    assert not two_experiments.errors_csv.exists() and not two_experiments.error_report_html.exists()


def test_other_test_images_than_the_predicted_ones_are_refused(two_experiments):
    lines = two_experiments.test_csv.read_text().splitlines()
    two_experiments.test_csv.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(InputError, match="not the file whose images first predicted"):
        write_error_report("first", load_dataset(two_experiments), two_experiments)

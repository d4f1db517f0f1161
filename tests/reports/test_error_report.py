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
    shown = re.findall(r'id="error-(\d+)" data-label="(\d)" data-predicted="(\d)"', page)
    expected = table[["row", "label", "predicted"]].itertuples(index=False, name=None)
    assert [tuple(map(int, card)) for card in shown] == list(expected)
    assert not re.search(r"""(src|href)="(?!#|data:)|url\((?!#)""", page)  # It loads nothing.
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
    annotations = tmp_path / "annotations.csv"
    chosen = {10: "mislabelled", 11: "mislabelled", 12: "ambiguous", 13: "model error"}
    rows = [f"{row},{dataset.labels[row]},{annotation}\n" for row, annotation in chosen.items()]
    annotations.write_text("row,label,annotation\n" + "".join(rows))
    lines = write_error_report("first", dataset, two_experiments, annotations)
    assert lines[1:] == [
        "annotations: 2 mislabelled, 1 ambiguous, 1 model error",
        "without the mislabelled rows: OOF 90.60 ± 1.69 %",
    ]


def test_after_damaged_annotations_nothing_is_written(two_experiments, dataset, tmp_path):
    with pytest.raises(InputError, match="holds no annotations"):
        write_error_report("first", dataset, two_experiments, tmp_path / "missing.csv")
    assert not two_experiments.errors_csv.exists() and not two_experiments.error_report_html.exists()


def test_other_test_images_than_the_predicted_ones_are_refused(two_experiments):
    lines = two_experiments.test_csv.read_text().splitlines()
    two_experiments.test_csv.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(InputError, match="not the file whose images first predicted"):
        write_error_report("first", load_dataset(two_experiments), two_experiments)

"""The table of rows."""

from src.evaluation.annotations import find_annotated_rows, load_annotations
from src.reports.row_findings import inspect, load_predictions
from src.reports.row_ledger import write_row_table
from tests.fold_results import save_predictions


def test_the_table_has_whole_numbers_and_empty_cells(two_experiments, dataset):
    save_predictions(two_experiments, "unfinished", [1])
    annotated = find_annotated_rows(load_annotations(two_experiments), dataset.images, dataset.labels)
    outside, inside = (int(dataset.folds.split(fold)[1][-1]) for fold in (0, 1))
    findings = inspect([outside, inside], dataset, load_predictions(two_experiments, dataset.folds), annotated)
    write_row_table(findings, two_experiments)
    header, *lines = (line.split(",") for line in two_experiments.rows_csv.read_text().splitlines())
    first, second = (dict(zip(header, line, strict=True)) for line in lines)
    assert (first["row"], first["unfinished"], first["unfinished_confidence"]) == (str(outside), "", "")
    label = str(dataset.labels[inside])
    assert (second["label"], second["unfinished"], second["unfinished_label_probability"]) == (label, label, "0.91")
    assert second["neighbors"].split() == [str(neighbor.row) for neighbor in findings[1].neighbors]


def test_a_table_of_no_rows_has_a_header(two_experiments):
    write_row_table([], two_experiments)
    assert two_experiments.rows_csv.read_text() == "row\n"

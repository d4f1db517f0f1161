"""The table of rows, and the page about them."""

from src.reports.row_ledger import write_row_ledger
from tests.fold_results import save_predictions

COMMAND = "python -m scripts.inspect_rows"


def test_the_table_has_whole_numbers_and_empty_cells(two_experiments, dataset):
    save_predictions(two_experiments, "unfinished", [1])
    outside, inside = (int(dataset.folds.split(fold)[1][-1]) for fold in (0, 1))
    findings = write_row_ledger([outside, inside, outside], {}, COMMAND, two_experiments)
    assert [found.row for found in findings] == [outside, inside]
    header, *lines = (line.split(",") for line in two_experiments.rows_csv.read_text().splitlines())
    first, second = (dict(zip(header, line, strict=True)) for line in lines)
    assert (first["row"], first["unfinished"], first["unfinished_confidence"]) == (str(outside), "", "")
    label = str(dataset.labels[inside])
    assert (second["label"], second["unfinished"], second["unfinished_label_probability"]) == (label, label, "0.91")
    assert second["neighbors"].split() == [str(neighbor.row) for neighbor in findings[1].neighbors]


def test_conditions_that_no_row_meets_leave_the_header(two_experiments):
    conditions = {"wrong_in": ["first"], "right_in": ["first"]}
    assert write_row_ledger([], conditions, COMMAND, two_experiments) == []
    assert two_experiments.rows_csv.read_text() == "row\n"
    assert "0 rows." in two_experiments.rows_html.read_text()

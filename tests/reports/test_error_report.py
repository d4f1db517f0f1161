"""The page about errors says what the fold results say, and what a person has decided is read back."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from src.common.errors import InputError
from src.common.metrics import measure_digits
from src.common.workspace import Workspace
from src.data.datasets import load_dataset
from src.data.folds import make_folds, save_folds
from src.data.image_statistics import measure_stroke_width
from src.evaluation.ensemble import blend, write_submission
from src.evaluation.label_issues import rank_label_issues
from src.experiments import get_experiments
from src.reports.error_findings import compare_experiments, load_subject, measure_by_statistics, measure_folds
from src.reports.error_report import write_error_report
from src.validation.cross_validation import run
from src.validation.oof import load_oof_predictions
from src.validation.runners.local import run_local
from tests.evaluation.test_scoreboard import save_predictions

WRONG = range(10, 40)


@pytest.fixture
def results(small):
    """Two experiments, of which the first errs on rows 10..39 and the second on 30..49, and their blend."""
    save_predictions(small, "first", [0, 1], WRONG, recipe={}, history=[{"loss": 0.5, "valid_accuracy": 0.9}])
    save_predictions(small, "second", [0, 1], range(30, 50), recipe={}, history=[])
    dataset = load_dataset(small)
    members = [load_oof_predictions(small, name, dataset.folds) for name in ("first", "second")]
    folds = dataset.folds
    write_submission(blend(members, folds.labels, folds.assignment), members, folds, small)
    return small


def test_errors_are_those_of_the_experiment(results):
    dataset = load_dataset(results)
    lines = write_error_report("first", dataset, results)
    assert lines == ["first: OOF 90.00 ± 1.73 %, 30 errors"]
    table = pd.read_csv(results.errors_csv)
    assert sorted(table["row"]) == list(WRONG)
    assert (table["label"] == dataset.labels[table["row"]]).all() and (table["predicted"] == table["first"]).all()
    assert ((table["second"] != table["label"]) == (table["row"] >= 30)).all()
    page = results.error_report_html.read_text()
    shown = re.findall(r'id="error-(\d+)" data-label="(\d)" data-predicted="(\d)"', page)
    assert {(int(r), int(a), int(b)) for r, a, b in shown} == set(
        table[["row", "label", "predicted"]].itertuples(index=False, name=None)
    )
    assert not re.search(r"""(src|href)="(?!#|data:)|url\((?!#)""", page)  # it requests nothing
    plots = {path.stem for path in (results.oof_dir / "error_report").iterdir()}
    assert plots == {"roc", "precision_recall", "reliability", "histories", "by_statistics"}


def test_figures_are_scikit_learns(results):
    dataset = load_dataset(results)
    subject = load_subject("first", results, dataset.folds)
    said = subject.oof.argmax(axis=1)
    by_digit = measure_digits(dataset.labels, subject.oof)
    expected = precision_recall_fscore_support(dataset.labels, said, labels=range(10))
    np.testing.assert_allclose(by_digit.to_numpy().T, expected, atol=1e-9)
    rows = measure_folds(subject, dataset.folds)
    assert [row["errors"] for row in rows[:-1]] == [
        int((said != dataset.labels)[dataset.folds.assignment == fold].sum()) for fold in (0, 1)
    ]
    assert rows[-1]["accuracy"] == 0.9 and rows[-1]["low"] == pytest.approx(0.8609, abs=1e-4)  # Wilson, by hand
    write_error_report("first", dataset, results)
    page = results.error_report_html.read_text()
    cells = re.findall(r'<button data-label="(\d)" data-predicted="(\d)" aria-label="(\d+) images', page)
    matrix = confusion_matrix(dataset.labels, said, labels=range(10))
    assert {(int(a), int(b)): int(n) for a, b, n in cells} == {
        (a, b): matrix[a, b] for a in range(10) for b in range(10) if a != b and matrix[a, b]
    }


def test_agreement_of_experiments(results):
    folds = load_dataset(results).folds
    found = compare_experiments(load_subject("blend", results, folds), folds)
    assert found["errors"] == {"first": 30, "second": 20} and found["common"] == 10
    assert found["overlap"]["first", "second"] == found["overlap"]["second", "first"] == 10 / 40
    assert set(found["added"]) == {"first", "second"}


def test_errors_on_thick_strokes_are_seen_there(small):
    dataset = load_dataset(small)
    thickest = np.argsort(measure_stroke_width(dataset.images))[-30:]
    save_predictions(small, "thin", [0, 1], thickest, recipe={}, history=[])
    found = measure_by_statistics(load_subject("thin", small, dataset.folds), dataset.folds, dataset.images)
    for table in found.values():
        assert table["rows"].sum() == 300 and table["middle"].is_monotonic_increasing
        assert (table["accuracy"] * table["rows"]).sum() == pytest.approx(270)
    by_width = found["stroke width, pixels"]["accuracy"]
    assert by_width.iloc[-1] == 0 and (by_width.iloc[:-1] == 1).all()


def test_verdicts_are_read_back(results, tmp_path):
    verdicts = tmp_path / "verdicts.csv"
    labels = load_dataset(results).labels
    picked = {10: "mislabelled", 11: "mislabelled", 12: "undecidable", 13: "model's fault"}
    lines = [f"{row},{labels[row]},{verdict}\n" for row, verdict in picked.items()]
    verdicts.write_text("row,label,verdict\n" + "".join(lines))
    lines = write_error_report("first", load_dataset(results), results, verdicts)
    assert lines[1:] == [
        "verdicts: 2 mislabelled, 1 undecidable, 1 model's fault",
        "without the mislabelled rows: OOF 90.60 ± 1.69 %",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "row\n3\n",
        "300,L,mislabelled\n",
        "3,L,fine\n",
        "3.5,L,mislabelled\n",
        ",L,mislabelled\n",
        "3,L,mislabelled\n3,L,undecidable\n",
        "3,11,mislabelled\n",
    ],
)
def test_other_files_than_verdicts_are_refused(results, tmp_path, text):
    verdicts = tmp_path / "verdicts.csv"
    heading = "row,label,verdict\n" if "," in text else ""
    verdicts.write_text(heading + text.replace("L", str(load_dataset(results).labels[3])))
    with pytest.raises(InputError, match=rf"{verdicts} .*download"):
        write_error_report("first", load_dataset(results), results, verdicts)
    assert not results.errors_csv.exists()


def test_members_that_were_retrained_are_not_called_the_last_blend(results):
    for fold in (0, 1):
        path = results.fold_path("second", fold, ".json")
        path.write_text(path.read_text().replace('"abc"', '"other"'))
    with pytest.raises(InputError, match="second was trained by another recipe since the last blend"):
        write_error_report("blend", load_dataset(results), results)


def test_a_damaged_experiment_that_was_not_asked_for_is_left_out(results, capsys):
    results.fold_path("second", 1, ".npz").write_bytes(b"")
    subject = load_subject("first", results, load_dataset(results).folds)
    assert set(subject.experiments) == {"first"} and "left out: " in capsys.readouterr().err


def test_other_test_images_than_were_predicted_are_refused(results):
    lines = results.test_csv.read_text().splitlines()
    results.test_csv.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(InputError, match="not the file whose images first predicted"):
        write_error_report("first", load_dataset(results), results)


def test_without_a_blend_it_says_what_to_do(small):
    save_predictions(small, "first", [0, 1], WRONG, recipe={})
    with pytest.raises(InputError, match=r"no blend yet; make one: python -m scripts\.ensemble"):
        write_error_report("blend", load_dataset(small), small)


@pytest.mark.slow
def test_flipped_labels_are_suspected(sample, tmp_path):
    """1 % of the sample's labels flipped before training: at least 34 of the 40 are among the first 80 suspects."""
    workspace = Workspace(tmp_path / "flipped")
    workspace.input_dir.mkdir(parents=True)
    train = pd.read_csv(sample.train_csv)
    rng = np.random.default_rng(0)
    flipped = rng.choice(len(train), 40, replace=False)
    train.loc[flipped, "label"] = (train.loc[flipped, "label"] + rng.integers(1, 10, 40)) % 10
    train.to_csv(workspace.train_csv, index=False)
    for path in (sample.test_csv, sample.sample_submission_csv):
        (workspace.input_dir / path.name).write_bytes(path.read_bytes())
    pixels = train.drop(columns="label").to_numpy(np.uint8).reshape(-1, 28, 28, 1)
    save_folds(make_folds(pixels, train["label"].to_numpy()), workspace)
    run(get_experiments(["svm_hog"]), None, workspace, run_local)
    dataset = load_dataset(workspace)
    suspects = rank_label_issues(dataset.labels, load_subject("svm_hog", workspace, dataset.folds).oof)
    assert len(set(suspects[:80]) & set(flipped)) >= 34

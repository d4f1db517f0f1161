"""The check of a whole workspace: each kind of fault is found."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from scripts import verify as command
from src.common.files import hash_file
from src.evaluation.ensemble import make_ensemble
from src.verification import verify
from tests.fold_results import save_fake_result


@pytest.fixture
def whole(small):
    """A workspace with two folds and a submission, without a fault."""
    for fold in (0, 1):
        save_fake_result(small, "a", fold)
    make_ensemble(small)
    return small


def find_faults(workspace):
    return {subject: fault for subject, fault in verify(workspace) if fault is not None}


def test_a_workspace_without_a_fault(whole):
    findings = dict(verify(whole))
    assert list(findings) == ["data and folds", "a fold 0", "a fold 1", "submission"]
    assert set(findings.values()) == {None}


@pytest.mark.parametrize("suffix", [".npz", ".keras"])
def test_changed_bytes_are_noticed(whole, suffix):
    path = whole.fold_path("a", 1, suffix)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    faults = find_faults(whole)
    assert list(faults) == ["a fold 1"] and "scripts.train a --folds 1" in faults["a fold 1"]


def test_a_deleted_file_is_noticed(whole):
    whole.fold_path("a", 0, ".keras").unlink()
    assert "is gone" in find_faults(whole)["a fold 0"]


def test_a_fold_without_checksums_is_noticed(whole):
    path = whole.fold_path("a", 0, ".json")
    record = json.loads(path.read_text())
    del record["checksums"]
    path.write_text(json.dumps(record))
    assert "no checksums" in find_faults(whole)["a fold 0"]


def test_predictions_of_other_test_images_are_noticed(whole):
    lines = whole.test_csv.read_text().splitlines()
    for path in (whole.test_csv, whole.sample_submission_csv):
        path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    assert len(lines) == 61 and "test changed" in find_faults(whole)["a fold 0"]


def test_a_truncated_record_is_noticed(whole):
    path = whole.fold_path("a", 0, ".json")
    path.write_text(path.read_text()[:100])
    assert "damaged" in find_faults(whole)["a fold 0"]


def test_another_recipe_of_a_known_name_is_noticed(whole):
    save_fake_result(whole, "smoke", 0)
    assert "another recipe" in find_faults(whole)["smoke fold 0"]


def test_a_submission_that_was_edited_is_noticed(whole):
    lines = whole.submission_csv.read_text().splitlines()
    lines[1] = "1,7" if lines[1] != "1,7" else "1,6"
    whole.submission_csv.write_text("\n".join(lines) + "\n")
    assert "scripts.ensemble" in find_faults(whole)["submission"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"weight": "much"}, "does not describe its members"),
        ({"recipe_hash": "other"}, "another recipe of a"),
    ],
)
def test_members_that_cannot_make_the_submission_are_noticed(whole, change, expected):
    origin = json.loads(whole.submission_json.read_text())
    origin["members"]["a"] |= change
    whole.submission_json.write_text(json.dumps(origin))
    fault = find_faults(whole)["submission"]
    assert expected in fault and "scripts.ensemble" in fault


def test_a_submission_that_its_members_do_not_make_is_noticed(whole):
    lines = whole.submission_csv.read_text().splitlines()
    lines[1] = "1,7"  # The members predict a 0.
    whole.submission_csv.write_text("\n".join(lines) + "\n")
    origin = json.loads(whole.submission_json.read_text()) | {"file_hash": hash_file(whole.submission_csv)}
    whole.submission_json.write_text(json.dumps(origin))
    fault = find_faults(whole)["submission"]
    assert "data row 1: the members that submission.json names predict 0" in fault and "scripts.ensemble" in fault


def test_a_member_whose_folds_are_gone_is_noticed(whole):
    shutil.rmtree(whole.oof_dir / "a")
    assert "has no results of 'a'" in find_faults(whole)["submission"]


def test_what_a_killed_process_left_is_noticed(whole):
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    ).stdout
    for pid in (dead.strip(), os.getpid()):  # The file of a living process is in use.
        (whole.oof_dir / "a" / f".tmp.{pid}.fold_0.npz").touch()
    assert list(find_faults(whole)) == [f"oof/a/.tmp.{dead.strip()}.fold_0.npz"]


def test_with_damaged_data_nothing_else_is_checked(whole):
    whole.train_csv.write_text("label\n")
    assert list(dict(verify(whole))) == ["data and folds"]


def test_the_command_prints_faults_and_counts(whole, monkeypatch, capsys):
    monkeypatch.setenv("DIGITS_WORKSPACE", str(whole.root))
    monkeypatch.setattr(sys, "argv", ["verify"])
    command.main()
    assert capsys.readouterr().out == "4 things checked, 0 with a fault\n"
    record = json.loads(whole.fold_path("a", 0, ".json").read_text())
    whole.fold_path("a", 0, ".json").write_text(json.dumps(record | {"fold": 1}))
    with pytest.raises(SystemExit) as exit_:
        command.main()
    printed = capsys.readouterr()
    assert exit_.value.code == 2 and "a fold 0: " in printed.err
    assert printed.out == "4 things checked, 1 with a fault\n"

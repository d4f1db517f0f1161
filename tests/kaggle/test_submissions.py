"""Submitting, with the real kaggle package against Kaggle's stand-in: refused, sent, scored, logged."""

import json
import shutil

import pandas as pd
import pytest

from src.data.folds import load_folds
from src.evaluation.ensemble import blend, write_submission
from src.experiments import EXPERIMENTS
from src.kaggle.submissions import load_log
from src.validation import cross_validation
from src.validation.oof import load_oof_predictions
from src.validation.runners.local import run_local
from tests.conftest import snapshot

QUICK = EXPERIMENTS["logistic_pca"]


@pytest.fixture(scope="session")
def blended(sample_small, tmp_path_factory):
    """A small workspace with a submission. Copied, never written to."""
    workspace = sample_small(tmp_path_factory.mktemp("blended") / "small")
    workspace.test_labels_csv.unlink()  # by which the embedded sample is known
    cross_validation.run([QUICK], None, workspace, run_local)
    folds = load_folds(workspace)
    members = [load_oof_predictions(workspace, QUICK.name, folds)]
    write_submission(blend(members, folds.labels, folds.assignment), members, folds, workspace)
    return workspace


@pytest.fixture
def workspace(blended, tmp_path):
    return type(blended)(shutil.copytree(blended.root, tmp_path / "workspace"))


@pytest.fixture
def submit(run_command):
    def run(*arguments, **options):
        return run_command("submit", "--wait", "0", *arguments, **options)

    return run


def test_sends_scores_and_logs(kaggle, workspace, submit):
    result = submit()
    assert result.returncode == 0, result.stderr
    assert kaggle.uploads == [workspace.submission_csv.read_bytes()]
    assert "public score 0.99714" in result.stdout and "4 left today" in result.stdout
    origin = json.loads(workspace.submission_json.read_text())
    (row,) = load_log(workspace).to_dict("records")
    assert row["public_score"] == 0.99714 and row["reference"] == 4242
    assert row["oof_accuracy"] == pytest.approx(origin["oof_accuracy"]) and row["file_hash"] == origin["file_hash"]
    assert row["message"] == kaggle.submissions[0]["description"]
    assert row["message"].startswith(f"logistic_pca, OOF {origin['oof_accuracy']:.5f}, commit ")


def test_a_dry_run_sends_nothing(kaggle, workspace, submit):
    result = submit("--dry-run", "-m", "a try")
    assert result.returncode == 0 and "not sent; 5 submissions left today" in result.stdout
    assert "a try" in result.stdout
    assert kaggle.requests == ["ListSubmissions", "GetSubmissionLimits"] and not workspace.submission_log_csv.exists()


def test_the_same_file_is_not_sent_twice_by_mistake(kaggle, workspace, submit):
    submit()
    result = submit()
    assert result.returncode == 2 and "Kaggle has" in result.stderr and "0.99714" in result.stderr
    assert len(kaggle.uploads) == 1
    assert submit("--again").returncode == 0
    assert len(kaggle.uploads) == 2 and len(load_log(workspace)) == 2


def test_a_submission_whose_answer_was_lost_is_not_sent_twice(kaggle, workspace, submit):
    kaggle.loses_answer = True
    lost = submit()
    assert lost.returncode == 2 and "it broke off" in lost.stderr
    assert len(kaggle.submissions) == 1 and not workspace.submission_log_csv.exists()
    kaggle.loses_answer = False
    again = submit()
    assert again.returncode == 2 and "Kaggle has" in again.stderr and "0.99714" in again.stderr
    assert len(kaggle.submissions) == 1


def test_the_embedded_sample_is_never_sent(kaggle, workspace, submit):
    workspace.test_labels_csv.write_text("ImageId,Label\n")
    for arguments in ([], ["--force"]):
        result = submit(*arguments)
        assert result.returncode == 2 and "the embedded sample, which is not for Kaggle" in result.stderr
    assert not kaggle.requests


def test_brackets_in_a_message_are_shown_as_they_are(kaggle, workspace, submit, run_command):
    assert submit("-m", "[wip] see [/tmp/x]").returncode == 0
    history = run_command("submissions")
    assert history.returncode == 0 and "[wip] see [/tmp/x]" in history.stdout


def test_a_score_that_does_not_come_is_found_later(kaggle, workspace, submit, run_command):
    kaggle.score = None
    result = submit()
    assert result.returncode == 0 and "no score yet" in result.stdout
    assert load_log(workspace)["public_score"].isna().all()
    kaggle.submissions[0] |= {"status": "COMPLETE", "publicScore": "0.98000"}
    kaggle.submissions.append({**kaggle.submissions[0], "ref": 7, "date": "2026-01-01T00:00:00Z", "publicScore": "0.5"})
    history = run_command("submissions")
    assert history.returncode == 0, history.stderr
    assert "98.000" in history.stdout and "50.000" in history.stdout  # also what another machine has sent
    assert load_log(workspace)["public_score"].tolist() == [0.98]
    assert workspace.history_png.read_bytes().startswith(b"\x89PNG")


def test_no_history(kaggle, workspace, run_command):
    result = run_command("submissions")
    assert result.returncode == 0 and "nothing was sent yet" in result.stdout


def test_all_pages_of_the_history_are_read(kaggle, workspace, run_command):
    for _ in range(203):
        kaggle.submit({})
    for number, submission in enumerate(kaggle.submissions):
        submission |= {"date": "2026-01-01T00:00:00Z", "description": f"number-{number}-"}
    result = run_command("submissions")
    assert all(f"number-{number}-" in result.stdout for number in (0, 100, 202))


FAULTS = {
    "no rules accepted": (lambda k: k.refusals.update(StartSubmissionUpload=(403, "You cannot submit")), "/rules"),
    "rules, at the limits": (lambda k: k.refusals.update(GetSubmissionLimits=(403, "denied")), "/rules"),
    "key refused": (lambda k: setattr(k, "refusal", (401, "Unauthorized")), "kaggle.com/settings"),
    "wrong competition": (lambda k: setattr(k, "refusal", (404, "Not found")), "whether the competition is still"),
    "server error": (lambda k: k.refusals.update(CreateSubmission=(500, "Internal")), "try again later"),
    "bad request": (lambda k: k.refusals.update(CreateSubmission=(400, "Bad file")), "Bad file"),
    "upload refused": (lambda k: setattr(k, "upload_code", 500), "did not take"),
    "upload forbidden": (lambda k: setattr(k, "upload_code", 403), "did not take"),
    "none left": (lambda k: setattr(k, "num_left", 0), "no more submissions today"),
    "no network": (lambda k: (k.shutdown(), k.server_close()), "no connection to Kaggle"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_kaggle_does_not_take_is_told_and_not_logged(kaggle, workspace, submit, name):
    break_it, expected = FAULTS[name]
    submit_another_file(workspace, submit)
    kaggle.submissions.clear()
    break_it(kaggle)
    before = snapshot(workspace.root)
    result = submit()
    assert result.returncode == 2 and expected in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert snapshot(workspace.root) == before and not kaggle.submissions


def submit_another_file(workspace, submit):
    """So that there is a log to lose."""
    other = workspace.root / "other.csv"
    other.write_text("ImageId,Label\n" + "".join(f"{row + 1},0\n" for row in range(60)))
    assert submit(str(other), "--force").returncode == 0


def test_an_expired_token_is_told(kaggle, workspace, submit):
    kaggle.token_is_valid = False
    result = submit(credentials="token")
    assert result.returncode == 2 and "does not accept your credentials" in result.stderr


def test_no_credentials_is_told(kaggle, workspace, submit):
    result = submit(credentials=None)
    assert result.returncode == 2 and "KAGGLE_API_TOKEN" in result.stderr


def test_a_file_that_kaggle_cannot_score_is_told_and_logged(kaggle, workspace, submit):
    kaggle.score, kaggle.scoring_error = None, "row 7 is strange"
    result = submit()
    assert result.returncode == 2 and "could not score submission 4242: row 7 is strange" in result.stderr
    assert len(load_log(workspace)) == 1  # Kaggle has it


def test_scores_that_cannot_be_asked_for_do_not_unmake_a_submission(kaggle, workspace, submit):
    kaggle.refusals_after_submission["ListSubmissions"] = (500, "Internal")
    result = submit()
    assert result.returncode == 0 and "scripts.submissions" in result.stderr
    assert len(load_log(workspace)) == 1


def edit_csv(workspace):
    lines = workspace.submission_csv.read_text().splitlines()
    lines[1] = "1,9" if lines[1] != "1,9" else "1,8"
    workspace.submission_csv.write_text("\n".join(lines) + "\n")


def take_reference_data(workspace):
    origin = json.loads(workspace.submission_json.read_text())
    origin["fingerprints"]["train"] = "0" * 16
    workspace.submission_json.write_text(json.dumps(origin))


LOCAL_FAULTS = {
    "no file": (lambda w: w.submission_csv.unlink(), "is missing"),
    "too short": (lambda w: w.submission_csv.write_text("ImageId,Label\n1,2\n"), "1 rows"),
    "not a CSV": (lambda w: w.submission_csv.write_bytes(b"\xff\xfe\x00"), "not a readable CSV"),
    "no origin": (lambda w: w.submission_json.unlink(), "is missing"),
    "broken origin": (lambda w: w.submission_json.write_text("{"), "does not say where"),
    "strange origin": (lambda w: w.submission_json.write_text("[]"), "does not say where"),
    "short origin": (lambda w: w.submission_json.write_text('{"fingerprints": {}, "file_hash": ""}'), "does not say"),
    "edited": (edit_csv, "is not the file that submission.json describes"),
    "other data": (take_reference_data, "was made from other data"),
    "other input": (lambda w: w.train_csv.unlink(), "train.csv is missing"),
    "no test.csv": (lambda w: w.test_csv.unlink(), "test.csv is missing"),
    "broken log": (lambda w: w.submission_log_csv.write_text("a,b\n1,2\n"), "is not a log of submissions"),
}


@pytest.mark.parametrize("name", LOCAL_FAULTS)
def test_what_must_not_be_sent_is_refused(kaggle, workspace, submit, name):
    break_it, expected = LOCAL_FAULTS[name]
    break_it(workspace)
    before = snapshot(workspace.root)
    for arguments in ([], ["--again"]):
        result = submit(*arguments)
        assert result.returncode == 2 and expected in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
    assert not kaggle.requests and snapshot(workspace.root) == before


def test_a_file_made_elsewhere_is_sent_if_forced(kaggle, workspace, submit):
    elsewhere = workspace.root / "mine.csv"
    shutil.copy(workspace.submission_csv, elsewhere)
    assert submit(str(elsewhere)).returncode == 2
    result = submit(str(elsewhere), "--force", "-m", "by hand")
    assert result.returncode == 0, result.stderr
    assert kaggle.submissions[0]["description"].startswith("by hand [")
    log = load_log(workspace)
    assert log["oof_accuracy"].isna().all() and pd.isna(log["commit"][0])
    assert submit(str(elsewhere), "--force").returncode == 2  # sent already


def test_force_does_not_forget_where_a_file_comes_from(kaggle, workspace, submit):
    assert submit("--force").returncode == 0
    assert load_log(workspace)["oof_accuracy"].notna().all()

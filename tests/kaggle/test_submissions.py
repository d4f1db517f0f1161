"""Sending submissions, with the real kaggle package and a local stand-in for Kaggle's server."""

import json
import shutil

import pandas as pd
import pytest

from src.common.errors import InputError
from src.kaggle.submission_log import load_log
from src.kaggle.submissions import submit
from tests.conftest import snapshot


def test_sends_scores_and_logs(kaggle, finished, run_command):
    result = run_command("submit", workspace=finished)
    assert result.returncode == 0, result.stderr
    assert kaggle.uploads == [finished.submission_csv.read_bytes()]
    assert "public score 0.99714" in result.stdout and "4 left today" in result.stdout
    origin = json.loads(finished.submission_json.read_text())
    (row,) = load_log(finished).to_dict("records")
    assert row["public_score"] == 0.99714 and row["reference"] == 4242
    assert row["oof_accuracy"] == pytest.approx(origin["oof_accuracy"]) and row["file_hash"] == origin["file_hash"]
    assert row["message"] == kaggle.submissions[0]["description"]
    assert row["message"].startswith(f"a, OOF {origin['oof_accuracy']:.5f}, commit ")
    again = run_command("submit", workspace=finished)
    assert again.returncode == 2 and "Kaggle has had" in again.stderr
    assert len(again.stderr.strip().splitlines()) == 1 and len(kaggle.uploads) == 1


def test_a_dry_run_sends_nothing(kaggle, finished, run_command):
    result = run_command("submit", "--dry-run", "-m", "a try", workspace=finished)
    assert result.returncode == 0 and "not sent; 5 submissions left today" in result.stdout
    assert "a try" in result.stdout
    assert kaggle.requests == ["ListSubmissions", "GetSubmissionLimits"] and not finished.submission_log_csv.exists()


def test_the_same_file_is_not_sent_twice_by_mistake(kaggle, account, finished):
    assert submit(finished).public_score == 0.99714
    with pytest.raises(InputError, match=r"Kaggle has had .* since .* \(public score 0\.99714\); .* --again"):
        submit(finished)
    assert len(kaggle.uploads) == 1
    assert submit(finished, again=True).reference == 4243
    assert len(kaggle.uploads) == 2 and len(load_log(finished)) == 2


def test_a_submission_whose_answer_was_lost_is_not_sent_twice(kaggle, account, finished):
    kaggle.loses_answer = True
    with pytest.raises(InputError, match="the connection to Kaggle failed"):
        submit(finished)
    assert len(kaggle.submissions) == 1 and not finished.submission_log_csv.exists()
    kaggle.loses_answer = False
    with pytest.raises(InputError, match=r"Kaggle has had .*0\.99714"):
        submit(finished)
    assert len(kaggle.submissions) == 1


@pytest.mark.parametrize("force", [False, True])
def test_the_embedded_sample_is_never_sent(kaggle, account, finished, force):
    finished.test_labels_csv.write_text("ImageId,Label\n")
    with pytest.raises(InputError, match="the embedded sample, which is not for Kaggle"):
        submit(finished, force=force)
    assert not kaggle.requests


def test_a_score_that_does_not_come_in_time_is_no_failure(kaggle, account, finished, capsys):
    kaggle.score = None
    assert submit(finished, wait_seconds=0).public_score is None
    assert "there is no score yet; to see the score later: python -m scripts.submissions" in capsys.readouterr().err
    assert load_log(finished)["public_score"].isna().all()


FAULTS = {
    "no rules accepted": (lambda k: k.refusals.update(StartSubmissionUpload=(403, "You cannot submit")), "/rules"),
    "rules, at the limits": (lambda k: k.refusals.update(GetSubmissionLimits=(403, "denied")), "/rules"),
    "key refused": (lambda k: setattr(k, "refusal", (401, "Unauthorized")), r"kaggle\.com/settings"),
    "wrong competition": (lambda k: setattr(k, "refusal", (404, "Not found")), "whether the competition is still"),
    "server error": (lambda k: k.refusals.update(CreateSubmission=(500, "Internal")), "try again later"),
    "bad request": (lambda k: k.refusals.update(CreateSubmission=(400, "Bad file")), "Bad file"),
    "upload refused": (lambda k: setattr(k, "upload_code", 500), "did not accept"),
    "upload forbidden": (lambda k: setattr(k, "upload_code", 403), "did not accept"),
    "none left": (lambda k: setattr(k, "num_left", 0), "no more submissions today"),
    "no network": (lambda k: k.stop(), "the connection to Kaggle failed"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_kaggle_does_not_accept_is_one_error_and_not_logged(kaggle, account, finished, name):
    add_fault, expected = FAULTS[name]
    send_another_file(finished)
    kaggle.submissions.clear()
    add_fault(kaggle)
    before = snapshot(finished.root)
    with pytest.raises(InputError, match=expected) as error:
        submit(finished)
    assert "\n" not in str(error.value)
    assert snapshot(finished.root) == before and not kaggle.submissions


def send_another_file(workspace):
    """Send a file, so that there is a log that could be lost."""
    other = workspace.root / "other.csv"
    other.write_text("ImageId,Label\n" + "".join(f"{row + 1},1\n" for row in range(60)))
    assert submit(workspace, other, force=True).reference


def test_a_file_that_kaggle_cannot_score_is_an_error_and_logged(kaggle, account, finished):
    kaggle.score, kaggle.scoring_error = None, "row 7 is strange"
    with pytest.raises(InputError, match=r"could not score submission 4242 \(row 7 is strange\)"):
        submit(finished)
    assert len(load_log(finished)) == 1  # Kaggle has it.


def test_a_failed_request_for_the_score_does_not_undo_a_submission(kaggle, account, finished, capsys):
    kaggle.refusals_after_submission["ListSubmissions"] = (500, "Internal")
    sent = submit(finished)
    assert sent.reference == 4242 and sent.public_score is None
    assert "python -m scripts.submissions" in capsys.readouterr().err
    assert len(load_log(finished)) == 1


def edit_csv(workspace):
    lines = workspace.submission_csv.read_text().splitlines()
    lines[1] = "1,9" if lines[1] != "1,9" else "1,8"
    workspace.submission_csv.write_text("\n".join(lines) + "\n")


def change_fingerprint(workspace):
    origin = json.loads(workspace.submission_json.read_text())
    origin["fingerprints"]["train"] = "0" * 16
    workspace.submission_json.write_text(json.dumps(origin))


def separate_by_semicolons(workspace):
    workspace.submission_csv.write_text(workspace.submission_csv.read_text().replace(",", ";"))


LOCAL_FAULTS = {
    "no file": (lambda w: w.submission_csv.unlink(), "is missing"),
    "too short": (lambda w: w.submission_csv.write_text("ImageId,Label\n1,2\n"), "1 rows"),
    "not a CSV": (lambda w: w.submission_csv.write_bytes(b"\xff\xfe\x00"), "damaged UTF-16 text"),
    "no origin": (lambda w: w.submission_json.unlink(), "is missing"),
    "broken origin": (lambda w: w.submission_json.write_text("{"), "does not say where"),
    "strange origin": (lambda w: w.submission_json.write_text("[]"), "does not say where"),
    "short origin": (lambda w: w.submission_json.write_text('{"fingerprints": {}, "file_hash": ""}'), "does not say"),
    "semicolons": (separate_by_semicolons, "line 1 is 'ImageId;Label' but Kaggle reads 'ImageId,Label'"),
    "edited": (edit_csv, "is not the file that submission.json describes"),
    "other data": (change_fingerprint, "was made from other data"),
    "other input": (lambda w: w.train_csv.unlink(), "train.csv is missing"),
    "no test.csv": (lambda w: w.test_csv.unlink(), "test.csv is missing"),
    "broken log": (lambda w: w.submission_log_csv.write_text("a,b\n1,2\n"), "is not a log of submissions"),
}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("name", LOCAL_FAULTS)
def test_what_must_not_be_sent_is_refused(kaggle, account, finished, name, again):
    add_fault, expected = LOCAL_FAULTS[name]
    add_fault(finished)
    before = snapshot(finished.root)
    with pytest.raises(InputError, match=expected) as error:
        submit(finished, again=again)
    assert "\n" not in str(error.value)
    assert not kaggle.requests and snapshot(finished.root) == before


def test_a_file_made_elsewhere_is_sent_if_forced(kaggle, account, finished):
    elsewhere = finished.root / "mine.csv"
    shutil.copy(finished.submission_csv, elsewhere)
    with pytest.raises(InputError, match="--force"):
        submit(finished, elsewhere)
    submit(finished, elsewhere, "by hand", force=True)
    assert kaggle.submissions[0]["description"].startswith("by hand [")
    log = load_log(finished)
    assert log["oof_accuracy"].isna().all() and pd.isna(log["commit"][0])
    with pytest.raises(InputError, match="Kaggle has had"):
        submit(finished, elsewhere, force=True)


def test_force_keeps_the_origin_of_a_file_that_has_one(kaggle, account, finished):
    submit(finished, force=True)
    assert load_log(finished)["oof_accuracy"].notna().all()

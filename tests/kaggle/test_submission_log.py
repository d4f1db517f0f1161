"""The log of submissions and its merge with Kaggle's list."""

from src.kaggle.submission_log import load_log, update_history
from src.kaggle.submissions import submit


def test_a_score_that_came_late_is_added_to_the_log(kaggle, account, finished):
    kaggle.score = None
    submit(finished, wait_seconds=0)
    kaggle.submissions[0] |= {"status": "COMPLETE", "publicScore": "0.98000"}
    elsewhere = {"ref": 7, "date": "2026-01-01T00:00:00Z", "publicScore": "0.5"}
    kaggle.submissions.append(kaggle.submissions[0] | elsewhere)
    history = update_history(finished)
    assert history["reference"].tolist() == [7, 4242] and history["public_score"].tolist() == [0.5, 0.98]
    assert history["oof_accuracy"].isna().tolist() == [True, False]
    assert load_log(finished)["public_score"].tolist() == [0.98]


def test_all_pages_of_the_history_are_read(kaggle, account, finished):
    for _ in range(203):
        kaggle.accept_submission({})
    for submission in kaggle.submissions:
        submission["date"] = "2026-01-01T00:00:00Z"
    assert set(update_history(finished)["reference"]) == set(range(4242, 4242 + 203))


def test_without_submissions_the_history_is_empty(kaggle, account, finished):
    assert update_history(finished).empty and not finished.submission_log_csv.exists()


def test_the_command_shows_the_history(kaggle, account, finished, run_command):
    """Brackets in a message are shown as they are."""
    nothing = run_command("submissions", workspace=finished)
    assert nothing.returncode == 0 and "nothing was sent yet" in nothing.stdout
    submit(finished, message="[wip] see [/tmp/x]")
    result = run_command("submissions", workspace=finished)
    assert result.returncode == 0, result.stderr
    assert "[wip] see [/tmp/x]" in result.stdout and "99.714" in result.stdout
    assert finished.history_png.read_bytes().startswith(b"\x89PNG")

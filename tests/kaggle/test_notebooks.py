"""Pushing a notebook and fetching its results, with the real kaggle package and a stand-in for Kaggle's server."""

import shutil

import pytest

from src.common.errors import InputError
from src.kaggle.notebooks import fetch_results, push_notebook
from tests.conftest import snapshot

MODEL = "oof/a/fold_1.keras"


@pytest.fixture
def small(small):
    """The workspace here: the data and folds of `finished_workspace`, and no results."""
    small.test_labels_csv.unlink()
    return small


@pytest.fixture
def outputs(kaggle, finished_workspace):
    """Let the run at Kaggle have left the results of `finished_workspace`; returns them."""
    for directory in ("oof", "submissions"):
        for name, contents in snapshot(finished_workspace.root / directory).items():
            kaggle.outputs[f"{directory}/{name}"] = contents
    return kaggle.outputs


def test_pushes_a_private_notebook_with_the_competitions_data(kaggle, account, small):
    assert push_notebook(["logistic_pca"], small).startswith("https://www.kaggle.com/code/someone/")
    (pushed,) = kaggle.notebooks
    assert pushed["slug"] == "someone/digit-recognizer-folds" and pushed["isPrivate"] and pushed["enableGpu"]
    assert pushed["competitionDataSources"] == ["digit-recognizer"]
    assert "EXPERIMENTS = ['logistic_pca']" in pushed["text"]


def test_results_are_saved_as_they_are_and_once(kaggle, account, small, outputs, capsys):
    kaggle.statuses = ["QUEUED", "RUNNING", "COMPLETE"]
    fetched = fetch_results(small, interval=0)
    assert (fetched.num_saved, fetched.failure) == (2, "")
    assert "running" in capsys.readouterr().err
    saved = snapshot(small.root)
    assert {name: saved[name] for name in outputs} == outputs
    assert fetch_results(small, interval=0).num_saved == 0 and not kaggle.notebooks


@pytest.mark.slow
def test_the_command_pushes_waits_and_saves(kaggle, small, outputs, run_command):
    result = run_command("push_notebook", "logistic_pca", "--wait", "--interval", "0.01", workspace=small)
    assert result.returncode == 0, result.stderr
    assert "2 folds saved" in result.stdout and len(kaggle.notebooks) == 1
    again = run_command("push_notebook", "--fetch", workspace=small)
    assert again.returncode == 0 and "0 folds saved" in again.stdout and len(kaggle.notebooks) == 1


@pytest.mark.slow
def test_the_command_fails_after_saving_what_a_failed_run_has_left(kaggle, small, outputs, run_command):
    del outputs["oof/a/fold_1.json"]
    kaggle.statuses = ["ERROR"]
    result = run_command("push_notebook", "--fetch", workspace=small)
    assert result.returncode == 2 and "ended early (ERROR" in result.stderr and "the log of the run" in result.stderr
    assert "1 folds saved" in result.stdout


def test_the_complete_folds_of_a_failed_run_are_saved(kaggle, account, small, outputs, capsys):
    for name in ("oof/a/fold_1.json", "submissions/submission.csv", "submissions/submission.json"):
        del outputs[name]
    kaggle.statuses = ["ERROR"]
    fetched = fetch_results(small, interval=0)
    assert fetched.num_saved == 1 and "ended early (ERROR" in fetched.failure
    assert "the log of the run" in capsys.readouterr().err


PUSH_FAULTS = {
    "not accepted": (
        lambda k: setattr(k, "notebook_error", "quota exceeded"),
        r"did not accept the notebook \(quota exceeded\)",
    ),
    "forbidden": (lambda k: k.refusals.update(SaveKernel=(403, "denied")), "/rules"),
    "no data": (lambda k: setattr(k, "invalid_sources", ["digit-recognizer"]), "/rules"),
}


@pytest.mark.parametrize("name", PUSH_FAULTS)
def test_a_notebook_that_kaggle_does_not_accept_is_one_error(kaggle, account, small, name):
    add_fault, expected = PUSH_FAULTS[name]
    add_fault(kaggle)
    with pytest.raises(InputError, match=expected):
        push_notebook([], small)


FETCH_FAULTS = {
    "never sent": (lambda k: k.refusals.update(GetKernelSessionStatus=(403, "denied")), "has no run of someone/"),
    "server error": (lambda k: k.refusals.update(GetKernelSessionStatus=(500, "Internal")), "--fetch"),
    "web page": (lambda k: setattr(k, "page", (200, "text/html")), "a web page came from"),
    "nothing left": (lambda k: k.outputs.clear(), "left no complete fold"),
    "failed early": (lambda k: (k.outputs.clear(), setattr(k, "statuses", ["ERROR"])), r"ended early \(ERROR"),
    "damaged": (lambda k: k.outputs.update({"oof/b/fold_0.json": b"{"}), "is damaged"),
    "forbidden model": (lambda k: k.refused_outputs.update({MODEL: 403}), r"Kaggle refused \(403"),
    "no model": (lambda k: k.outputs.pop(MODEL), "was not downloaded completely"),
    "other model": (lambda k: k.outputs.update({MODEL: b"other"}), "was not downloaded completely"),
    "edited submission": (lambda k: k.outputs.update({"submissions/submission.csv": b"ImageId,Label\n"}), "no rows"),
}


@pytest.mark.parametrize("name", FETCH_FAULTS)
def test_results_with_a_fault_are_one_error_and_leave_the_workspace_as_it_was(kaggle, account, small, outputs, name):
    add_fault, expected = FETCH_FAULTS[name]
    add_fault(kaggle)
    before = snapshot(small.root)
    with pytest.raises(InputError, match=expected) as error:
        fetch_results(small, interval=0)
    assert "\n" not in str(error.value)
    assert snapshot(small.root) == before


def test_some_failed_requests_for_the_status_do_not_end_the_waiting(kaggle, account, small, outputs):
    kaggle.statuses = [None, "RUNNING", None, "COMPLETE"]
    assert fetch_results(small, interval=0).num_saved == 2


def test_without_folds_nothing_is_sent(kaggle, account, small):
    shutil.rmtree(small.folds_csv.parent)
    with pytest.raises(InputError, match="make_folds"):
        push_notebook([], small)
    with pytest.raises(InputError, match="make_folds"):
        fetch_results(small, interval=0)
    assert not kaggle.requests

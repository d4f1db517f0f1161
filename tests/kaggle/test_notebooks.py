"""Training on Kaggle's machines: the generated script as a process, and its results brought home."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from src.common.workspace import Workspace
from src.data.csv_files import load_train
from src.data.folds import load_folds, make_folds, save_folds
from src.evaluation.ensemble import blend, write_submission
from src.experiments import EXPERIMENTS
from src.kaggle.notebooks import make_kernel
from src.validation import cross_validation
from src.validation.fold_results import list_trained
from src.validation.oof import load_oof_predictions
from src.validation.runners.local import run_local
from tests.conftest import files_below, snapshot, write_noisy_zip

QUICK = EXPERIMENTS["logistic_pca"]


@pytest.fixture
def trained(sample_small, tmp_path):
    """A workspace elsewhere, with the results of one experiment."""
    workspace = sample_small(tmp_path / "elsewhere")
    cross_validation.run([QUICK], None, workspace, run_local)
    folds = load_folds(workspace)
    members = [load_oof_predictions(workspace, QUICK.name, folds)]
    write_submission(blend(members, folds.labels, folds.assignment), members, folds, workspace)
    return workspace


@pytest.fixture
def small(small):
    """Not known as the embedded sample."""
    small.test_labels_csv.unlink()
    return small


def offer(kaggle, workspace):
    """Let the run on Kaggle have left the results of a workspace."""
    for directory in ("oof", "submissions"):
        for name, contents in snapshot(workspace.root / directory).items():
            kaggle.outputs[f"{directory}/{name}"] = contents


def test_the_generated_script_runs_in_an_empty_directory(sample, tmp_path):
    """With the data mounted deep below the input directory, as Kaggle does, and the folds that it was given."""
    home = Workspace(tmp_path / "home")
    shutil.copytree(sample.input_dir, home.input_dir)
    save_folds(make_folds(*load_train(home), num_folds=3), home)
    mounted = tmp_path / "mounted" / "competitions" / "digit-recognizer"
    shutil.copytree(sample.input_dir, mounted)
    kernel_dir, working_dir = tmp_path / "kernel", tmp_path / "working"
    kernel_dir.mkdir(), working_dir.mkdir()
    make_kernel(kernel_dir, "someone", ["logistic_pca"], home)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KAGGLE_INPUT_DIR": str(tmp_path / "mounted")}
    command = [sys.executable, str(kernel_dir / "run.py")]
    result = subprocess.run(command, cwd=working_dir, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    written = files_below(working_dir)
    assert {"folds/folds.csv", "submissions/submission.csv", "submissions/submission.json"} <= written
    assert not {name for name in written if name.startswith("input") or name.endswith(".py")}
    predictions = load_oof_predictions(Workspace(working_dir), "logistic_pca", load_folds(home))
    assert len(predictions.records) == 3 and predictions.records[0]["commit"]


@pytest.mark.slow
def test_the_generated_script_runs_on_data_of_full_size_that_cannot_be_written(sample, tmp_path):
    """As at Kaggle: 42,000 + 28,000 images, no credentials, no network, input that is read only."""
    home = Workspace(tmp_path / "home")
    write_noisy_zip(sample, tmp_path / "all.zip")
    shutil.unpack_archive(tmp_path / "all.zip", home.input_dir)
    save_folds(make_folds(*load_train(home), num_folds=2), home)
    for path in home.input_dir.iterdir():
        path.chmod(0o444)
    before = snapshot(home.input_dir)
    make_kernel(tmp_path, "someone", ["logistic_pca"], home)
    working_dir = tmp_path / "working"
    working_dir.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KAGGLE_INPUT_DIR": str(home.input_dir)}
    command = [sys.executable, str(tmp_path / "run.py")]
    result = subprocess.run(command, cwd=working_dir, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert len((working_dir / "submissions" / "submission.csv").read_text().splitlines()) == 28_001
    assert snapshot(home.input_dir) == before


def test_a_kernel_without_data_says_so(small, tmp_path):
    make_kernel(tmp_path, "someone", [], small)
    environment = os.environ | {"KAGGLE_INPUT_DIR": str(tmp_path / "nothing")}
    command = [sys.executable, str(tmp_path / "run.py")]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 1 and "add the competition's data" in result.stderr


def test_pushes_waits_and_brings_home(kaggle, small, trained, run_command):
    offer(kaggle, trained)
    kaggle.kernel_states = ["QUEUED", "RUNNING", "COMPLETE"]
    result = run_command("push_kernel", "logistic_pca", "--wait", "--interval", "0", workspace=small)
    assert result.returncode == 0, result.stderr
    (pushed,) = kaggle.kernels
    assert pushed["slug"] == "someone/digit-recognizer-folds" and pushed["isPrivate"] and pushed["enableGpu"]
    assert (
        pushed["competitionDataSources"] == ["digit-recognizer"] and "EXPERIMENTS = ['logistic_pca']" in pushed["text"]
    )
    assert "2 folds brought home" in result.stdout and "running" in result.stderr
    folds = load_folds(small)
    here, there = (load_oof_predictions(workspace, QUICK.name, folds) for workspace in (small, trained))
    np.testing.assert_array_equal(here.oof, there.oof)
    np.testing.assert_array_equal(here.test, there.test)
    assert (small.oof_dir / "logistic_pca" / "fold_0.joblib").exists()
    assert snapshot(small.submission_csv.parent) == snapshot(trained.submission_csv.parent)
    again = run_command("push_kernel", "--fetch", workspace=small)
    assert again.returncode == 0 and "0 folds brought home" in again.stdout and len(kaggle.kernels) == 1


def test_what_a_failed_run_has_finished_is_kept(kaggle, small, trained, run_command):
    trained.fold_path(QUICK.name, 1, ".json").unlink()
    shutil.rmtree(trained.submission_csv.parent)
    offer(kaggle, trained)
    kaggle.kernel_states = ["ERROR"]
    result = run_command("push_kernel", "--fetch", workspace=small)
    assert result.returncode == 2 and "ended early (ERROR" in result.stderr and "the log of the run" in result.stderr
    assert "1 folds brought home" in result.stdout


def test_results_of_other_folds_are_refused(kaggle, small, trained, run_command):
    offer(kaggle, trained)
    shutil.rmtree(small.folds_csv.parent)
    save_folds(make_folds(*load_train(small), num_folds=2, seed=7), small)
    result = run_command("push_kernel", "--fetch", workspace=small)
    assert result.returncode == 2 and "other data or folds" in result.stderr
    assert list_trained(small) == []


FAULTS = {
    "not taken": (lambda k: setattr(k, "kernel_error", "quota exceeded"), "did not take the kernel: quota exceeded"),
    "forbidden": (lambda k: k.refusals.update(SaveKernel=(403, "denied")), "/rules"),
    "no data": (lambda k: setattr(k, "invalid_sources", ["digit-recognizer"]), "/rules"),
    "never sent": (lambda k: k.refusals.update(GetKernelSessionStatus=(403, "denied")), "shows no run of someone/"),
    "server error": (lambda k: k.refusals.update(GetKernelSessionStatus=(500, "Internal")), "--fetch"),
    "nothing left": (lambda k: k.outputs.clear(), "left no complete fold"),
    "failed early": (lambda k: (k.outputs.clear(), setattr(k, "kernel_states", ["ERROR"])), "ended early (ERROR"),
    "damaged": (lambda k: k.outputs.update({"oof/a/fold_0.json": b"{"}), "is damaged"),
    "forbidden weights": (lambda k: k.refused_outputs.update({WEIGHTS: 403}), "Kaggle refused (403"),
    "no weights": (lambda k: k.outputs.pop(WEIGHTS), "have not arrived whole"),
    "other weights": (lambda k: k.outputs.update({WEIGHTS: b"other"}), "have not arrived whole"),
    "edited submission": (lambda k: k.outputs.update({"submissions/submission.csv": b"ImageId,Label\n"}), "0 rows"),
}
WEIGHTS = "oof/logistic_pca/fold_1.joblib"


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_one_error_and_leave_the_workspace_as_it_was(kaggle, small, trained, run_command, name):
    break_it, expected = FAULTS[name]
    offer(kaggle, trained)
    break_it(kaggle)
    before = snapshot(small.root)
    result = run_command("push_kernel", "--wait", "--interval", "0", workspace=small)
    assert result.returncode == 2 and result.stderr.count("error:") == 1
    assert expected in result.stderr
    assert snapshot(small.root) == before


def test_one_failed_look_does_not_end_the_waiting(kaggle, small, trained, run_command):
    offer(kaggle, trained)
    kaggle.kernel_states = [None, "RUNNING", None, "COMPLETE"]
    result = run_command("push_kernel", "--wait", "--interval", "0", workspace=small)
    assert result.returncode == 0 and "2 folds brought home" in result.stdout


def test_without_folds_nothing_is_sent(kaggle, small, run_command):
    shutil.rmtree(small.folds_csv.parent)
    result = run_command("push_kernel", workspace=small)
    assert result.returncode == 2 and "make_folds" in result.stderr and not kaggle.requests

"""The commands as a user meets them: as processes, with their output and exit codes."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from src.common.workspace import REPOSITORY, Workspace
from src.experiments import EXPERIMENTS
from src.validation.fold_results import read_fold_predictions
from tests.conftest import files_below
from tests.fold_results import save_predictions


def run_command(workspace, *command, **settings):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAGGLE")}
    home = workspace.root.parent / "home"  # nobody's credentials
    home.mkdir(exist_ok=True)
    environment |= {"DIGITS_WORKSPACE": str(workspace.root), "DIGITS_PYTHON": sys.executable, "HOME": str(home)}
    return subprocess.run(command, cwd=REPOSITORY, env=environment | settings, capture_output=True, text=True)


def run_script(workspace, name, *arguments):
    return run_command(workspace, sys.executable, "-m", f"scripts.{name}", *arguments)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("train", "smokee"), "did you mean 'smoke'"),
        (("train", "smoke", "--folds", "9"), "the folds 0..1"),
        (("train", "smoke", "--folds", "one"), "not a list of folds"),
        (("make_folds", "--num-folds", "1"), "do not fit"),
        (("make_folds", "--seed", "-1"), "not usable"),
        (("make_folds", "--num-folds", "3"), "another workspace"),
        (("ensemble",), "no experiment"),
        (("ensemble", "smoke"), "no results of 'smoke'"),
        (("download_data", "--from-zip", "some.zip"), "holds the embedded sample"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(small, command, expected):
    before = files_below(small.root)
    result = run_script(small, *command)
    assert result.returncode == 2
    assert expected in result.stderr and "Traceback" not in result.stderr
    assert not result.stdout
    assert {name for name in files_below(small.root) if not name.endswith(".lock")} == before


def test_from_data_to_submission(small):
    training = run_script(small, "train", "logistic_pca", "smoke", "--estimate")
    assert training.returncode == 0, training.stderr
    assert "4 folds to train" in training.stderr and "this will take about" in training.stderr
    assert "epoch 2/2" in training.stderr  # plain lines, as stderr is no terminal
    assert not training.stdout
    again = run_script(small, "train", "logistic_pca", "smoke")
    assert "0 folds to train, 4 complete" in again.stderr

    scores = run_script(small, "evaluate", "--html")
    assert scores.returncode == 0 and "logistic_pca" in scores.stdout and "±" in scores.stdout
    assert scores.stdout.endswith(f"{small.comparison_html}\n") and "logistic_pca" in small.comparison_html.read_text()
    with small.scoreboard_csv.open() as file:
        rows = list(csv.DictReader(file))
    assert next(iter(rows[0])) == "experiment"
    assert {row["experiment"] for row in rows} == {"logistic_pca", "smoke"} and rows[0]["folds_done"] == "2"

    blend = run_script(small, "ensemble", "logistic_pca")
    assert blend.returncode == 0, blend.stderr
    assert f"kaggle competitions submit digit-recognizer -f {small.submission_csv} -m '" in blend.stdout
    assert "of 60 images" in blend.stdout
    assert len(small.submission_csv.read_text().splitlines()) == 61
    assert json.loads(small.submission_json.read_text())["members"]["logistic_pca"]["weight"] == 1


def test_a_blend_without_names_is_of_all_that_is_whole(small):
    save_predictions(small, "whole", [0, 1], recipe={})
    save_predictions(small, "tenth", [0, 1], recipe={"train_fraction": 0.1})
    save_predictions(small, "unfinished", [1], recipe={})
    blend = run_script(small, "ensemble")
    assert "left out: tenth, which was trained on 10 % of the rows" in blend.stdout
    assert "left out: unfinished, which has 1 of 2 folds" in blend.stdout
    assert set(json.loads(small.submission_json.read_text())["members"]) == {"whole"}


def test_a_full_disk_is_one_sentence_and_loses_nothing(small):
    """A limit on the size of files stands in for the full disk: the system refuses the write half-way."""
    result = run_command(
        small, "bash", "-c", f"ulimit -f 2000; exec {sys.executable} -m scripts.download_data --sample"
    )
    assert result.returncode == 2, result.stderr
    assert "File too large" in result.stderr and "Traceback" not in result.stderr
    assert not [name for name in files_below(small.root) if ".tmp" in name]
    assert len((small.input_dir / "train.csv").read_text().splitlines()) == 301


def test_an_interrupted_training_is_finished_by_the_next_call(small, tmp_path):
    """SIGINT, as Ctrl-C sends it, after the first epoch; then the same command; the same bits as without."""
    undisturbed = Workspace(tmp_path / "undisturbed")
    shutil.copytree(small.root, undisturbed.root)
    command = [sys.executable, "-m", "scripts.train", "smoke", "--folds", "0"]
    environment = os.environ | {"DIGITS_WORKSPACE": str(small.root)}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "epoch 1/2" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stderr.read()
    if process.returncode != 0:  # the second epoch may have ended before the signal came
        assert process.returncode == 130 and "run the same command to go on" in rest and "Traceback" not in rest
    resumed = run_script(small, "train", "smoke", "--folds", "0")
    assert resumed.returncode == 0 and "epoch 1/2" not in resumed.stderr
    assert run_script(undisturbed, "train", "smoke", "--folds", "0").returncode == 0
    for name, array in read_fold_predictions(undisturbed, "smoke", 0).items():
        np.testing.assert_array_equal(array, read_fold_predictions(small, "smoke", 0)[name])


@pytest.mark.slow
def test_the_main_job_without_credentials_runs_on_the_sample(tmp_path):
    """bash scripts/run_folds.sh as on a fresh machine: it says that it takes the sample, and ends with a submission."""
    workspace = Workspace(tmp_path / "workspace")
    result = run_command(workspace, "bash", "scripts/run_folds.sh", "smoke")
    assert result.returncode == 0, result.stderr
    assert "no Kaggle credentials" in result.stderr and "embedded sample" in result.stderr
    assert "this will take about" in result.stderr
    assert "kaggle competitions submit digit-recognizer" in result.stdout
    assert len(workspace.submission_csv.read_text().splitlines()) == 1001
    again = run_command(workspace, "bash", "scripts/run_folds.sh", "--sample", "smoke")
    assert again.returncode == 0 and "0 folds to train, 5 complete" in again.stderr


@pytest.mark.slow
def test_training_is_repeatable_and_resumable_under_jax():
    """What a GPU box runs: the tests of the trainers, on the other backend."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/test_trainers.py"]
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_a_full_disk_during_a_checkpoint_is_one_sentence(small):
    training = f"ulimit -f 60; exec {sys.executable} -m scripts.train smoke --folds 0"  # of 1,024 bytes
    result = run_command(small, "bash", "-c", training, MPLCONFIGDIR=str(small.root.parent))
    assert result.returncode == 2, result.stderr
    assert "File too large" in result.stderr and "Traceback" not in result.stderr
    assert run_script(small, "train", "smoke", "--folds", "0").returncode == 0
    assert not [name for name in files_below(small.oof_dir) if ".tmp" in name or ".checkpoint" in name]


def test_environment_is_made_once_and_again_when_the_pins_change(tmp_path):
    """Real venv and pip, with requirements that need no network: none."""
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    script = f'source {REPOSITORY}/scripts/environment.sh && ensure_environment requirements.txt && echo "$PYTHON"'

    def ensure(**settings):
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | settings
        return subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)

    first, second = ensure(), ensure()
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout == ".venv/bin/python\n"
    assert "installing requirements.txt" in first.stderr and not second.stderr
    (tmp_path / "requirements.txt").write_text("# other pins\n")
    assert "installing requirements.txt" in ensure().stderr
    assert ensure(DIGITS_PYTHON="python3").stdout == "python3\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--smaple"], "unknown option --smaple"),
        (["--budget"], "--budget needs a word: minutes, hours or gpu"),
        (["--budget", "days"], "the budget is minutes, hours or gpu, not days"),
        (["--budget", "minutes", "strided"], "only one of --budget, --baselines and experiments"),
        (["--baselines", "strided"], "only one of --budget, --baselines and experiments"),
        (["--budget", "minutes", "--baselines"], "only one of --budget, --baselines and experiments"),
    ],
)
def test_the_main_job_refuses_bad_arguments(tmp_path, arguments, sentence):
    result = run_command(Workspace(tmp_path / "workspace"), "bash", "scripts/run_folds.sh", *arguments)
    assert result.returncode == 2 and f"error: {sentence}\n" in result.stderr
    assert not (tmp_path / "workspace").exists()


def test_every_choice_of_the_main_job_is_in_the_table():
    lists = re.findall(r"choose ([a-z_ ]+)", (REPOSITORY / "scripts" / "run_folds.sh").read_text())
    assert len(lists) == 4
    assert {name for names in lists for name in names.split()} <= set(EXPERIMENTS)


@pytest.mark.slow
def test_benchmark_prints_one_json_object(small):
    result = run_script(small, "benchmark")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert {"csv_over_pandas", "augmented_over_plain", "fit_peak_fraction", "peak_memory_gb"} <= set(figures)

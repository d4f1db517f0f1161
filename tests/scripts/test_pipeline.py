"""From data to submission: what a user sees of each command, and how an interrupted training continues."""

import csv
import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest

from src.common.workspace import REPOSITORY
from src.data.datasets import load_dataset
from src.validation.fold_results import read_fold_predictions
from tests.annotations import write_annotations
from tests.conftest import files_below, snapshot
from tests.fold_results import save_predictions

HELD_TRAINING = """
import signal, sys
from scripts import run, train
from src.training.keras_fit import EpochWatch

def begin_and_wait(self, epoch, logs=None, begin=EpochWatch.on_epoch_begin):
    begin(self, epoch, logs)
    if epoch == 1:
        sys.stdin.read()  # Returns when the test closes stdin, which it does after sending the signal.

EpochWatch.on_epoch_begin = begin_and_wait
signal.signal(signal.SIGINT, signal.default_int_handler)  # Where the tests run in the background, it is ignored.
run(train.main)
"""
"""The command scripts.train, but held up at the beginning of the second epoch."""


def test_complete_folds_are_not_trained_again(trained, call):
    before = snapshot(trained.oof_dir)
    result = call(trained, "train", "logistic_pca", "smoke")
    assert result.returncode == 0 and not result.stdout
    assert "0 folds to train, 4 complete" in result.stderr
    assert snapshot(trained.oof_dir) == before


def test_lost_folds_are_trained_again_with_the_same_bits(trained, call):
    before = snapshot(trained.oof_dir)
    for path in (trained.oof_dir / "logistic_pca").glob("fold_1.*"):
        path.unlink()
    result = call(trained, "train", "logistic_pca", "smoke", "--folds", "1", "--log", "tensorboard")
    assert result.returncode == 0 and "1 folds to train, 1 complete" in result.stderr
    assert "logistic_pca fold 1 done: valid " in result.stderr and " ± " in result.stderr
    arrays = "logistic_pca/fold_1.npz"
    assert snapshot(trained.oof_dir)[arrays] == before[arrays]
    assert list(trained.tracking_dir.glob("tensorboard/logistic_pca/fold_1/events.*"))


def test_the_scoreboard_is_printed_and_saved(trained, call):
    result = call(trained, "evaluate")
    assert result.returncode == 0 and "logistic_pca" in result.stdout and "±" in result.stdout
    assert result.stdout.endswith(f"{trained.scoreboard_csv}\n")
    with trained.scoreboard_csv.open() as file:
        rows = list(csv.DictReader(file))
    assert next(iter(rows[0])) == "experiment"
    assert {row["experiment"] for row in rows} == {"logistic_pca", "smoke"} and rows[0]["folds_done"] == "2"


def test_rows_are_printed_and_saved(small, call):
    save_predictions(small, "first", [0, 1], range(10, 40))
    save_predictions(small, "second", [0, 1], range(30, 50))
    result = call(small, "inspect_rows", "--wrong-in", "first", "--right-in", "second")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("row 10: label ") and "first 91.0 %" in result.stdout
    assert result.stdout.endswith(f"20 rows\n{small.rows_csv}\n{small.rows_html}\n")
    with small.rows_csv.open() as file:
        assert [int(row["row"]) for row in csv.DictReader(file)] == list(range(10, 30))
    page = small.rows_html.read_text()
    assert 'id="row-29"' in page and "--wrong-in first --right-in second</code>" in page


def test_the_scoreboard_has_the_accuracy_on_decidable_rows(small, call, tmp_path):
    save_predictions(small, "first", [0, 1], range(10, 40))
    write_annotations(small.annotations_csv, load_dataset(small), {10: "", 11: ""})
    result = call(small, "evaluate", "--against", "first")
    assert "90.604 (86.755 to 93.419)" in result.stdout  # 28 errors in 298 rows


def test_a_blend_becomes_a_submission(trained, call):
    result = call(trained, "ensemble", "logistic_pca")
    assert result.returncode == 0, result.stderr
    assert f"kaggle competitions submit digit-recognizer -f {trained.submission_csv} -m '" in result.stdout
    assert "of 60 images" in result.stdout
    assert len(trained.submission_csv.read_text().splitlines()) == 61
    assert json.loads(trained.submission_json.read_text())["members"]["logistic_pca"]["weight"] == 1


def test_a_blend_without_names_has_all_complete_experiments(small, call):
    save_predictions(small, "whole", [0, 1])
    save_predictions(small, "tenth", [0, 1], recipe={"train_fraction": 0.1})
    save_predictions(small, "unfinished", [1])
    result = call(small, "ensemble")
    assert "left out: tenth, which was trained on 10 % of the rows" in result.stdout
    assert "left out: unfinished, which has 1 of 2 folds" in result.stdout
    assert set(json.loads(small.submission_json.read_text())["members"]) == {"whole"}


@pytest.mark.slow
def test_from_data_to_submission(small, run_script):
    division = small.folds_csv.read_bytes()
    small.folds_csv.unlink()
    small.folds_json.unlink()
    folds = run_script(small, "make_folds", "--num-folds", "2")
    assert folds.returncode == 0 and "2 folds of " in folds.stdout and "near duplicates" in folds.stdout
    assert small.folds_csv.read_bytes() == division

    training = run_script(small, "train", "logistic_pca", "smoke")
    assert training.returncode == 0, training.stderr
    assert "4 folds to train" in training.stderr and "this fold needs about" in training.stderr
    assert "epoch 2/2" in training.stderr  # Plain lines, as stderr is no terminal.
    assert not training.stdout
    assert not re.findall(".*(?:cuda|oneDNN|Warning).*\n.*", training.stderr)

    exported = run_script(small, "export", "smoke")
    assert exported.returncode == 0 and exported.stdout.endswith(f"{small.oof_dir / 'smoke'}\n")

    scores = run_script(small, "evaluate", "--html")
    assert scores.returncode == 0, scores.stderr
    assert scores.stdout.endswith(f"{small.comparison_html}\n") and "logistic_pca" in small.comparison_html.read_text()

    blend = run_script(small, "ensemble", "logistic_pca", "smoke")
    assert blend.returncode == 0, blend.stderr
    assert len(small.submission_csv.read_text().splitlines()) == 61


@pytest.mark.slow
@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_training_continues_and_ends_with_the_same_bits(small, trained_once, run_script, interruption):
    """SIGINT, as Ctrl-C sends it, or SIGTERM, as `kill` does, arrives while the second of two epochs is under way."""
    command = [sys.executable, "-c", HELD_TRAINING, "smoke", "--folds", "0"]
    environment = os.environ | {"DIGITS_WORKSPACE": str(small.root)}
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        next(line for line in process.stderr if "epoch 1/2" in line)
        process.send_signal(interruption)
        _, rest = process.communicate()  # It also closes stdin.
    assert process.returncode == 130
    assert rest.endswith("run the same command to continue\n") and "Traceback" not in rest
    assert not small.fold_path("smoke", 0, ".json").exists()

    resumed = run_script(small, "train", "smoke", "--folds", "0")
    assert resumed.returncode == 0 and "epoch 2/2" in resumed.stderr and "epoch 1/2" not in resumed.stderr
    expected = vars(read_fold_predictions(trained_once, "smoke", 0))
    for name, array in vars(read_fold_predictions(small, "smoke", 0)).items():
        np.testing.assert_array_equal(array, expected[name])


@pytest.mark.slow
def test_a_full_disk_during_a_checkpoint_is_one_sentence(small, run_process, run_script):
    """A limit on the size of files simulates the full disk: the system refuses to write more."""
    training = f"ulimit -f 60; exec {sys.executable} -m scripts.train smoke --folds 0"  # 60 blocks of 1,024 bytes
    result = run_process(small, "bash", "-c", training, MPLCONFIGDIR=str(small.root.parent))
    assert result.returncode == 2, result.stderr
    assert "File too large" in result.stderr and "Traceback" not in result.stderr
    assert run_script(small, "train", "smoke", "--folds", "0").returncode == 0
    assert not [name for name in files_below(small.oof_dir) if ".tmp" in name or ".checkpoint" in name]

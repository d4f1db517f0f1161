"""Faults of machines and disks: the next run ends with the same bits, repeats nothing finished and leaves nothing."""

import ctypes
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from src.benchmark.faults import measure_faults
from src.common.workspace import REPOSITORY, Workspace
from src.experiments import EXPERIMENTS
from src.training.keras_fit import Checkpoint
from src.validation import cross_validation
from src.validation.runners.local import run_local
from src.verification import verify
from tests.conftest import files_below, snapshot

SMOKE = EXPERIMENTS["smoke"]
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE = 24, 1  # Linux: with it, root may write where nobody may


def snapshot_predictions(workspace):
    return {name: data for name, data in snapshot(workspace.oof_dir).items() if name.endswith(".npz")}


@pytest.mark.slow
def test_killed_trainings_end_with_the_same_bits():
    figures = measure_faults(num_kills=3)
    assert figures["kills"] == 3
    assert figures["with_the_same_bits"] == figures["trainings"] >= 1
    assert figures["computed_twice"] == figures["left_behind"] == figures["problems"] == 0


@pytest.fixture(scope="module")
def trained_once(sample_small, tmp_path_factory):
    workspace = sample_small(tmp_path_factory.mktemp("trained") / "workspace")
    cross_validation.run([SMOKE], None, workspace, run_local)
    return workspace


@pytest.fixture
def trained(trained_once, tmp_path):
    """A workspace with a complete experiment, for a test to damage."""
    return Workspace(shutil.copytree(trained_once.root, tmp_path / "trained"))


def flip_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [
        (".npz", flip_a_byte),
        (".npz", cut_in_half),
        (".json", cut_in_half),
        (".keras", flip_a_byte),
        (".keras", Path.unlink),
    ],
)
def test_the_remedy_for_a_damaged_fold_repairs_it(trained, suffix, damage):
    before = snapshot_predictions(trained)
    damage(trained.fold_path("smoke", 1, suffix))
    ((subject, problem),) = [finding for finding in verify(trained) if finding[1]]
    assert subject == "smoke fold 1"
    deleted = re.search(r"delete (it|\S+)", problem)[1]  # what the sentence asks for
    Path(re.search(r"\S+fold_1\.\S+", problem)[0] if deleted == "it" else deleted).unlink()
    assert "python -m scripts.train smoke --folds 1" in problem
    cross_validation.run([SMOKE], [1], trained, run_local)
    assert snapshot_predictions(trained) == before and not [problem for _, problem in verify(trained) if problem]


def test_a_lost_record_is_reported_and_made_again(trained):
    before = snapshot_predictions(trained)
    trained.fold_path("smoke", 1, ".json").unlink()
    ((subject, problem),) = [finding for finding in verify(trained) if finding[1]]
    assert subject == "smoke fold 1" and "gone; train it again: python -m scripts.train smoke --folds 1" in problem
    cross_validation.run([SMOKE], [1], trained, run_local)
    assert snapshot_predictions(trained) == before and not [problem for _, problem in verify(trained) if problem]


def test_a_disk_that_fills_up_while_a_fold_is_saved_loses_nothing(trained, sample_small, tmp_path, capfd):
    """A limit on the size of files stands in for the full disk: the system refuses the write half-way."""
    workspace = sample_small(tmp_path / "full")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_up(train, tasks):
        for result in run_local(train, tasks):
            resource.setrlimit(resource.RLIMIT_FSIZE, (8000, limits[1]))
            yield result

    try:
        with pytest.raises(OSError, match="too large"):
            cross_validation.run([SMOKE], None, workspace, fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not [name for name in files_below(workspace.oof_dir) if ".tmp" in name or name.endswith("fold_0.json")]
    capfd.readouterr()
    cross_validation.run([SMOKE], None, workspace, run_local)
    assert capfd.readouterr().err.count("epoch 1/2") == 1  # of fold 1: fold 0 was trained
    assert snapshot_predictions(workspace) == snapshot_predictions(trained)
    assert files_below(workspace.oof_dir) == files_below(trained.oof_dir)


@pytest.mark.slow
def test_a_second_driver_is_refused_and_disturbs_nothing(trained, sample_small, tmp_path):
    workspace = sample_small(tmp_path / "shared")
    command = [sys.executable, "-m", "scripts.train", "smoke", "--jobs", "1"]
    environment = os.environ | {"DIGITS_WORKSPACE": str(workspace.root)}
    first = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True)
    with first:
        next(line for line in first.stderr if "epoch 1/2" in line)
        first.send_signal(signal.SIGSTOP)  # Otherwise it may finish before the second one has begun.
        second = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
        first.send_signal(signal.SIGCONT)
        first.stderr.read()
    assert second.returncode == 2 and "another process is training" in second.stderr
    assert first.returncode == 0 and snapshot_predictions(workspace) == snapshot_predictions(trained)


def test_a_clock_that_is_set_back_changes_nothing(small, sample_small, tmp_path, monkeypatch, capfd):
    """For the next run, all files come from the future."""
    undisturbed = sample_small(tmp_path / "undisturbed")
    cross_validation.run([SMOKE], None, undisturbed, run_local)

    def interrupt(checkpoint, entry, save=Checkpoint.save):
        save(checkpoint, entry)
        raise KeyboardInterrupt

    save = Checkpoint.save
    monkeypatch.setattr(Checkpoint, "save", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cross_validation.run([SMOKE], [0], small, run_local)
    monkeypatch.setattr(Checkpoint, "save", save)
    future = time.time() + 366 * 24 * 3600
    for path in small.root.rglob("*"):
        os.utime(path, (future, future))
    capfd.readouterr()
    cross_validation.run([SMOKE], None, small, run_local)
    assert capfd.readouterr().err.count("epoch 1/2") == 1  # of fold 1; that of fold 0 was kept
    assert snapshot_predictions(small) == snapshot_predictions(undisturbed)


@pytest.mark.slow
def test_a_read_only_directory_is_one_sentence(small):
    small.oof_dir.mkdir()
    small.oof_dir.chmod(0o555)
    drop = ctypes.CDLL(None).prctl  # refused to others than root, who need not drop anything
    done = subprocess.run(
        [sys.executable, "-m", "scripts.train", "logistic_pca"],
        cwd=REPOSITORY,
        env=os.environ | {"DIGITS_WORKSPACE": str(small.root)},
        capture_output=True,
        text=True,
        preexec_fn=lambda: drop(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0),
    )
    assert done.returncode == 2 and done.stderr.splitlines()[-1].startswith("error: Permission denied")
    small.oof_dir.chmod(0o755)
    cross_validation.run([EXPERIMENTS["logistic_pca"]], None, small, run_local)
    assert not [problem for _, problem in verify(small) if problem]

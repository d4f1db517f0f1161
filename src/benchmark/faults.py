"""Whether training survives processes that are killed at random moments."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from os import environ, walk
from pathlib import Path
from typing import IO, cast

import numpy as np

from src.common.arrays import fingerprint
from src.common.workspace import REPOSITORY, Workspace
from src.data.csv_files import load_train
from src.data.folds import make_folds, save_folds
from src.data.sample import write_sample
from src.validation.fold_results import read_fold_predictions
from src.verification import verify

_EXPERIMENT = "smoke"
_NUM_FOLDS = 2
_MAX_SAVE_WAIT = 2.0  # seconds; a process that saves nothing for so long is killed outside a save


@dataclass(frozen=True)
class _Run:
    """One training process and its end."""

    killed: bool
    during_save: bool
    seconds: float  # of its work, without its imports
    lines: list[str]  # of its progress


def measure_faults(num_kills: int, seed: int = 0) -> dict[str, int]:
    """Train a tiny network on the embedded sample again and again, and kill (SIGKILL) the training `num_kills` times.

    Every second kill waits until a file is being written. A training that completes is compared with one that was never
    disturbed; then the next one starts.

    Args:
        num_kills: kills in all.
        seed: of the random moments.

    Returns:
        kills, kills_during_a_save: a process that left a temporary file was saving.
        trainings: completed trainings.
        with_the_same_bits: completed trainings with the same predictions as the undisturbed one.
        computed_twice: epochs and folds that had been finished before.
        left_behind: files that an undisturbed training does not leave.
        problems: findings of `verify` in completed workspaces.
    """
    rng = np.random.default_rng(seed)
    counts = Counter[str]()
    with tempfile.TemporaryDirectory() as directory:
        undisturbed, workspace = (_make_workspace(Path(directory) / name) for name in ("undisturbed", "workspace"))
        seconds = _train(undisturbed).seconds
        lines: list[str] = []
        while counts["kills"] < num_kills or lines:
            delay = rng.uniform(0, seconds) if counts["kills"] < num_kills else None
            run = _train(workspace, delay, during_save=counts["kills"] % 2 == 0)
            lines += run.lines
            if run.killed:
                counts["kills"] += 1
                counts["kills_during_a_save"] += run.during_save
            else:
                counts["trainings"] += 1
                counts["with_the_same_bits"] += _fingerprint(workspace) == _fingerprint(undisturbed)
                counts["computed_twice"] += _count_repeated(lines)
                counts["left_behind"] += len(_list_files(workspace) - _list_files(undisturbed))
                counts["problems"] += sum(problem is not None for _, problem in verify(workspace))
                shutil.rmtree(workspace.oof_dir)
                lines = []
    names = ("kills", "kills_during_a_save", "trainings", "with_the_same_bits", "computed_twice", "left_behind")
    return {name: counts[name] for name in (*names, "problems")}


def _make_workspace(root: Path) -> Workspace:
    workspace = Workspace(root)
    write_sample(workspace)
    save_folds(make_folds(*load_train(workspace), num_folds=_NUM_FOLDS), workspace)
    return workspace


def _train(workspace: Workspace, delay: float | None = None, during_save: bool = False) -> _Run:
    """Train the pending folds; kill the process after a delay, or at the first save after it.

    Args:
        workspace: where the folds are trained.
        delay: seconds from the start of the work; None kills nothing.
        during_save: wait for a save.

    Raises:
        subprocess.CalledProcessError: the training failed by itself.
    """
    command = [sys.executable, "-m", "scripts.train", _EXPERIMENT, "--jobs", str(_NUM_FOLDS)]
    environment = environ | {"DIGITS_WORKSPACE": str(workspace.root)}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True) as process:
        lines = []
        for line in cast(IO[str], process.stderr):
            lines.append(line)
            if "folds to train" in line:
                break
        started = time.perf_counter()
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            ended = time.perf_counter() + _MAX_SAVE_WAIT if during_save else 0.0
            while time.perf_counter() < ended and process.poll() is None and not _is_saving(workspace):
                continue  # Without a pause, as a save takes milliseconds.
            process.kill()
        code = process.wait()
        seconds = time.perf_counter() - started
        lines += cast(IO[str], process.stderr).readlines()
    sys.stderr.writelines(lines)
    if code not in (0, -signal.SIGKILL):
        raise subprocess.CalledProcessError(code, command)
    return _Run(code != 0, _is_saving(workspace), seconds, lines)


def _is_saving(workspace: Workspace) -> bool:
    # Unlike rglob, os.walk tolerates files that vanish meanwhile.
    files = (name for _, _, names in walk(workspace.oof_dir) for name in names)
    return any(name.startswith(".tmp.") for name in files)


def _list_files(workspace: Workspace) -> set[Path]:
    return {path.relative_to(workspace.oof_dir) for path in workspace.oof_dir.rglob("*")}


def _fingerprint(workspace: Workspace) -> list[str]:
    """Compute a fingerprint of the predictions of each fold."""
    folds = (read_fold_predictions(workspace, _EXPERIMENT, fold) for fold in range(_NUM_FOLDS))
    return [fingerprint(fold.valid_rows, fold.valid_proba, fold.test_proba) for fold in folds]


def _count_repeated(lines: Sequence[str]) -> int:
    """Count how often an epoch or fold was finished again."""
    finished = Counter[tuple[str, str]]()
    for line in lines:
        if done := re.match(rf"{_EXPERIMENT} fold (\d+) +(done|epoch \d+/)", line):
            finished[done[1], done[2]] += 1
    return sum(times - 1 for times in finished.values())

"""How time and memory grow with images and experiments, and how the number of jobs and Ray change the speed."""

import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from src.common.competition import LABEL_COLUMN, PIXEL_COLUMNS
from src.common.workspace import REPOSITORY, Workspace
from src.data.csv_files import load_train
from src.data.folds import load_folds, make_folds, save_folds
from src.evaluation.ensemble import blend
from src.experiments import EXPERIMENTS
from src.validation import cross_validation
from src.validation.oof import load_oof_predictions
from src.validation.runners.local import run_local
from src.validation.runners.ray_cluster import import_ray

_TINY = EXPERIMENTS["smoke"]
_EXPERIMENT = "quick"  # With the competition's data, a fold of it takes more than a minute.
_FOLDS = "0,1,2,3"
_RUNNER_OPTIONS = {"one fold at a time": ("--jobs", "1"), "local": (), "ray": ("--runner", "ray")}


def measure_growth(workspace: Workspace) -> dict[str, Any]:
    """Train and blend tiny networks: one on a quarter, a half and all of the rows; 1, 2 and 4 of them on a quarter.

    Returns:
        growth_with_images, growth_with_experiments: for each multiple of the smallest run, the `seconds` and `peak_mb`
            of a process that does all of it.
    """
    num_rows = len(load_train(workspace).labels)
    with tempfile.TemporaryDirectory() as directory:
        parts = {
            times: take_rows(workspace, Path(directory) / str(times), times * num_rows // 4) for times in (1, 2, 4)
        }
        with_images = {times: _measure(part, 1) for times, part in parts.items()}
        with_experiments = {1: with_images[1]} | {number: _measure(parts[1], number) for number in (2, 4)}
    return {"growth_with_images": with_images, "growth_with_experiments": with_experiments}


def compare_runners(workspace: Workspace) -> dict[str, Any]:
    """Train the same four folds one after the other, one on each core, and through Ray; 30 minutes on two cores.

    All of it is done twice, the second time in the opposite order, because the speed of a machine drifts.

    Returns:
        folds_per_hour: for each kind of runner, everything that the command does included.
        ray_overhead: wall time through Ray, relative to the local runner, minus 1.

    Raises:
        InputError: Ray is not installed.
    """
    import_ray()  # Fails now rather than after a quarter of an hour.
    seconds = dict.fromkeys(_RUNNER_OPTIONS, 0.0)
    for name, options in (*_RUNNER_OPTIONS.items(), *reversed(_RUNNER_OPTIONS.items())):
        with tempfile.TemporaryDirectory() as directory:
            empty = Workspace(Path(directory))
            empty.input_dir.symlink_to(workspace.input_dir)
            empty.folds_csv.parent.symlink_to(workspace.folds_csv.parent)
            command = [sys.executable, "-m", "scripts.train", _EXPERIMENT, "--folds", _FOLDS, *options]
            started = time.perf_counter()
            subprocess.run(command, cwd=REPOSITORY, env=os.environ | {"DIGITS_WORKSPACE": directory}, check=True)
            seconds[name] += time.perf_counter() - started
    num_folds = 2 * len(_FOLDS.split(","))
    return {
        "folds_per_hour": {name: round(3600 * num_folds / duration, 1) for name, duration in seconds.items()},
        "ray_overhead": round(seconds["ray"] / seconds["local"] - 1, 3),
    }


def take_rows(workspace: Workspace, root: Path, num_rows: int) -> Workspace:
    """Make a workspace of the first training rows and all test images."""
    part = Workspace(root)
    part.input_dir.mkdir(parents=True)
    train = load_train(workspace)
    images, labels = train.images[:num_rows], train.labels[:num_rows]
    table = pd.DataFrame(images.reshape(len(images), -1), columns=list(PIXEL_COLUMNS))
    table.insert(0, LABEL_COLUMN, labels)
    table.to_csv(part.train_csv, index=False)
    part.test_csv.symlink_to(workspace.test_csv)
    save_folds(make_folds(images, labels), part)
    return part


def _measure(workspace: Workspace, num_experiments: int) -> dict[str, float]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_train_and_blend, workspace, num_experiments).result()


def _train_and_blend(workspace: Workspace, num_experiments: int) -> dict[str, float]:
    started = time.perf_counter()
    experiments = [replace(_TINY, name=f"tiny_{number}", seed=number) for number in range(num_experiments)]
    cross_validation.run(experiments, None, workspace, run_local)
    folds = load_folds(workspace)
    blend(
        [load_oof_predictions(workspace, experiment.name, folds) for experiment in experiments],
        folds.labels,
        folds.assignment,
    )
    # Not getrusage, whose peak a process inherits from the one that started it.
    peak_kb = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    assert peak_kb is not None
    shutil.rmtree(workspace.oof_dir)
    return {"seconds": round(time.perf_counter() - started, 1), "peak_mb": round(int(peak_kb[1]) / 1000)}

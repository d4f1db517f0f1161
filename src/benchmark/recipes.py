"""Whole trainings: where the time of the main job goes, and the published recipe against our quickest experiment."""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, cast

from src.artifacts import load_records
from src.cross_validation import train_fold
from src.datasets import load_dataset
from src.experiments import EXPERIMENTS, PLAIN
from src.fold_tasks import FoldTask
from src.metrics import standard_error
from src.workspace import REPOSITORY, Workspace

QUICKEST = EXPERIMENTS["large_kernel"]


def measure_recipes(workspace: Workspace) -> dict[str, Any]:
    """Run the main job with our quickest experiment, then the published RMSprop recipe on fold 0; half an hour on two
    cores with the competition's data.

    Returns:
        wall_time: seconds of each step of `run_folds.sh --budget minutes` in a new workspace; of its training also
            those of epochs and of predictions alone.
        largest_share_beside_training: of the wall time, the largest of the steps and of predictions.
        rmsprop_recipe_speedup: training seconds of Ghouzam's network in 30 epochs over those of `large_kernel`.
        recipes: valid_accuracy, its standard error, and train_seconds of both, fold 0.
    """
    with tempfile.TemporaryDirectory() as directory:
        steps, records = _run_main_job(workspace, Workspace(Path(directory)))
    inside = {name: sum(record[f"{name}_seconds"] for record in records) for name in ("train", "predict")}
    seconds = steps | {"training: epochs": inside["train"], "training: predictions": inside["predict"]}
    others = [steps[name] for name in steps if name != "training"] + [inside["predict"]]
    published = replace(EXPERIMENTS["cnn_augmented"], trainer=replace(PLAIN, epochs=30))
    with tempfile.TemporaryDirectory() as directory:
        record = train_fold(FoldTask(published, 0, load_dataset(workspace), Path(directory))).record
    recipes = {one["experiment"]: _summarize(one) for one in (record, records[0])}
    return {
        "wall_time": {name: round(figure, 1) for name, figure in seconds.items()},
        "largest_share_beside_training": round(max(others) / sum(steps.values()), 3),
        "rmsprop_recipe_speedup": round(record["train_seconds"] / records[0]["train_seconds"], 2),
        "recipes": recipes,
    }


def _summarize(record: dict[str, Any]) -> dict[str, float]:
    figures = {name: record[name] for name in ("valid_accuracy", "train_seconds")}
    return figures | {"standard_error": standard_error(record["valid_accuracy"], record["num_valid_rows"])}


def _run_main_job(workspace: Workspace, empty: Workspace) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Seconds of its steps, whole ones, and the records of its folds."""
    empty.input_dir.mkdir()
    for source in (workspace.train_csv, workspace.test_csv, workspace.sample_submission_csv):
        (empty.input_dir / source.name).symlink_to(source.resolve())
    environment = os.environ | {"DIGITS_WORKSPACE": str(empty.root), "DIGITS_PYTHON": sys.executable}
    command = ["bash", "scripts/run_folds.sh", QUICKEST.name]
    marks = []
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=2, stderr=subprocess.PIPE, text=True) as job:
        for line in cast(IO[str], job.stderr):
            print(line, end="", file=sys.stderr)
            marks += re.findall(r"^== (\w+) \(after (\d+) s\)", line)
    if job.returncode:
        raise subprocess.CalledProcessError(job.returncode, command)
    steps = {name: float(end) - float(start) for (name, start), (_, end) in pairwise(marks)}
    return steps, load_records(empty, QUICKEST.name, load_dataset(empty).folds.num_folds)

"""Whole trainings: the steps of the main job, and the published recipe compared with the experiment `quick`."""

import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, cast

from src.common.metrics import standard_error
from src.common.workspace import REPOSITORY, Workspace
from src.data.datasets import load_dataset
from src.experiments import EXPERIMENTS
from src.validation.cross_validation import train_fold
from src.validation.fold_results import FoldRecord, load_fold_records
from src.validation.fold_tasks import FoldTask

_NETWORK = "large_kernel"  # of `run_folds.sh --budget minutes`
_PUBLISHED, _QUICK = EXPERIMENTS["cnn_augmented"], EXPERIMENTS["quick"]


def measure_wall_time(workspace: Workspace) -> dict[str, Any]:
    """Run the main job in a new workspace; 15 minutes on two cores with the competition's data.

    Returns:
        wall_time: seconds of each step of `run_folds.sh --budget minutes`; of its network's training also those of
            epochs and of predictions, the sum over the folds.
        largest_share_beside_training: the largest of the other steps and of the predictions, as a fraction of the wall
            time.
    """
    with tempfile.TemporaryDirectory() as directory:
        steps, records = _run_main_job(workspace, Workspace(Path(directory)))
    epochs = sum(record.train_seconds for record in records)
    predictions = sum(record.predict_seconds for record in records)
    inside = {"training: epochs": round(epochs, 1), "training: predictions": round(predictions, 1)}
    others = [seconds for name, seconds in steps.items() if name != "training"]
    return {
        "wall_time": steps | inside,
        "largest_share_beside_training": round(max(*others, predictions) / sum(steps.values()), 3),
    }


def compare_recipes(workspace: Workspace) -> dict[str, Any]:
    """Train fold 0 by the published RMSprop recipe and by `quick`; 15 minutes on two cores with the full data.

    Returns:
        rmsprop_recipe_speedup: training seconds of Ghouzam's network with 30 epochs, relative to those of `quick`.
        recipes: valid_accuracy, its standard_error, and train_seconds of both.
    """
    dataset = load_dataset(workspace)
    recipes = {}
    for experiment in (_PUBLISHED, _QUICK):
        with tempfile.TemporaryDirectory() as directory:
            recipes[experiment.name] = _summarize(train_fold(FoldTask(experiment, 0, dataset, Path(directory))).record)
    seconds = [recipe["train_seconds"] for recipe in recipes.values()]
    return {"rmsprop_recipe_speedup": round(seconds[0] / seconds[1], 2), "recipes": recipes}


def _summarize(record: FoldRecord) -> dict[str, float]:
    return {
        "valid_accuracy": record.valid_accuracy,
        "train_seconds": record.train_seconds,
        "standard_error": standard_error(record.valid_accuracy, record.num_valid_rows),
    }


def _run_main_job(workspace: Workspace, empty: Workspace) -> tuple[dict[str, float], list[FoldRecord]]:
    """Run the main job; return the seconds of its steps, whole ones, and the records of its network's folds."""
    empty.input_dir.mkdir()
    for source in (workspace.train_csv, workspace.test_csv, workspace.sample_submission_csv):
        (empty.input_dir / source.name).symlink_to(source.resolve())
    environment = os.environ | {"DIGITS_WORKSPACE": str(empty.root), "DIGITS_PYTHON": sys.executable}
    command = ["bash", "scripts/run_folds.sh", "--budget", "minutes"]
    marks = []
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True
    ) as job:
        for line in cast(IO[str], job.stderr):
            sys.stderr.write(line)
            marks += re.findall(r"^== (\w+) \(after (\d+) s\)", line)
    if job.returncode:
        raise subprocess.CalledProcessError(job.returncode, command)
    steps = {name: float(end) - float(start) for (name, start), (_, end) in pairwise(marks)}
    return steps, load_fold_records(empty, _NETWORK, load_dataset(empty).folds.num_folds)

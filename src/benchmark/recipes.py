"""Whole trainings: where the time of the main job goes, and the published recipe against our quickest experiment."""

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
from src.validation.fold_results import load_fold_records
from src.validation.fold_tasks import FoldTask

WHOLE = "large_kernel"  # what --budget minutes trains
PUBLISHED = EXPERIMENTS["cnn_augmented"]
QUICK = EXPERIMENTS["quick"]


def measure_wall_time(workspace: Workspace) -> dict[str, Any]:
    """Run the main job in a new workspace; a quarter of an hour on two cores with the competition's data.

    Returns:
        wall_time: seconds of each step of `run_folds.sh --budget minutes`; of its training also those of epochs and of
            predictions alone.
        largest_share_beside_training: of the wall time, the largest of the steps and of predictions.
    """
    with tempfile.TemporaryDirectory() as directory:
        steps, records = _run_main_job(workspace, Workspace(Path(directory)))
    epochs, predictions = (sum(record[f"{name}_seconds"] for record in records) for name in ("train", "predict"))
    inside = {"training: epochs": round(epochs, 1), "training: predictions": round(predictions, 1)}
    others = [seconds for name, seconds in steps.items() if name != "training"]
    return {
        "wall_time": steps | inside,
        "largest_share_beside_training": round(max(*others, predictions) / sum(steps.values()), 3),
    }


def compare_recipes(workspace: Workspace) -> dict[str, Any]:
    """Train fold 0 by the published RMSprop recipe and by our quickest; as long again.

    Returns:
        rmsprop_recipe_speedup: training seconds of Ghouzam's network in 30 epochs over those of `quick`.
        recipes: valid_accuracy, its standard error, and train_seconds of both.
    """
    dataset = load_dataset(workspace)
    recipes = {}
    for experiment in (PUBLISHED, QUICK):
        with tempfile.TemporaryDirectory() as directory:
            recipes[experiment.name] = _summarize(train_fold(FoldTask(experiment, 0, dataset, Path(directory))).record)
    seconds = [recipe["train_seconds"] for recipe in recipes.values()]
    return {"rmsprop_recipe_speedup": round(seconds[0] / seconds[1], 2), "recipes": recipes}


def _summarize(record: dict[str, Any]) -> dict[str, float]:
    figures = {name: record[name] for name in ("valid_accuracy", "train_seconds")}
    return figures | {"standard_error": standard_error(record.valid_accuracy, record.num_valid_rows)}


def _run_main_job(workspace: Workspace, empty: Workspace) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Seconds of its steps, whole ones, and the records of its folds."""
    empty.input_dir.mkdir()
    for source in (workspace.train_csv, workspace.test_csv, workspace.sample_submission_csv):
        (empty.input_dir / source.name).symlink_to(source.resolve())
    environment = os.environ | {"DIGITS_WORKSPACE": str(empty.root), "DIGITS_PYTHON": sys.executable}
    command = ["bash", "scripts/run_folds.sh", WHOLE]
    marks = []
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True
    ) as job:
        for line in cast(IO[str], job.stderr):
            print(line, end="", file=sys.stderr)
            marks += re.findall(r"^== (\w+) \(after (\d+) s\)", line)
    if job.returncode:
        raise subprocess.CalledProcessError(job.returncode, command)
    steps = {name: float(end) - float(start) for (name, start), (_, end) in pairwise(marks)}
    return steps, load_fold_records(empty, WHOLE, load_dataset(empty).folds.num_folds)

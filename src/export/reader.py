"""Make the network of the app: a student of all rows of train.csv and of the teachers' models of all folds."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from src.artifacts import load_predictions
from src.classifiers import KerasClassifier
from src.datasets import Dataset
from src.errors import InputError
from src.experiments import Experiment
from src.export.files import write_onnx
from src.fold_tasks import load_teacher, make_lessons
from src.metrics import accuracy, standard_error
from src.provenance import describe_environment
from src.workspace import Workspace, replacing

WEIGHTS_DIR = Path(__file__).parent.parent / "app" / "weights"


def ship(
    experiment: Experiment, dataset: Dataset, workspace: Workspace, directory: Path = WEIGHTS_DIR
) -> dict[str, Any]:
    """Train on all rows and write reader.onnx and, last, its record reader.json; an interrupted training goes on.

    Nothing is held out from this network: the accuracy in the record is the out-of-fold accuracy of the same recipe.

    Returns:
        The record.

    Raises:
        InputError: the experiment or one of its teachers has not been trained on all folds, or it is not a network.
    """
    if not experiment.teachers:
        raise InputError(f"{experiment.name} has no teachers; the app's network is a student, such as reader")
    folds = dataset.folds
    oof = load_predictions(workspace, experiment.name, folds).oof
    teachers = [
        load_teacher(workspace, teacher.name, fold)
        for teacher in experiment.teachers
        for fold in range(folds.num_folds)
    ]
    seed = experiment.fold_seed(folds.num_folds)
    rows = dataset.images, dataset.labels
    lessons = make_lessons(dataset.images, teachers, seed)
    checkpoint_dir = workspace.whole_checkpoint_dir(experiment.name)
    started = time.perf_counter()
    watched = rows[0][:1000], rows[1][:1000]  # shows progress; its figures mean nothing, as it is trained on
    classifier = experiment.trainer.fit(rows, watched, seed, checkpoint_dir, lessons)
    if not isinstance(classifier, KerasClassifier):
        raise InputError(f"{experiment.name} is not a network; the app needs one")
    seconds = sum(entry["seconds"] for entry in classifier.history) or time.perf_counter() - started
    with replacing(directory / "reader.onnx") as temporary:
        write_onnx(classifier.model, temporary)
    share = accuracy(folds.labels, oof)
    record = {
        "experiment": experiment.name,
        "oof_accuracy": round(share, 5),
        "oof_standard_error": round(standard_error(share, len(folds.labels)), 5),
        "num_bytes": (directory / "reader.onnx").stat().st_size,
        "num_train_rows": len(dataset.labels),
        "train_seconds": round(seconds),
        "recipe": experiment.describe(),
        "recipe_hash": experiment.hash(),
        "fingerprints": dataset.fingerprints(),
        **describe_environment(),
    }
    with replacing(directory / "reader.json") as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    shutil.rmtree(checkpoint_dir)
    return record

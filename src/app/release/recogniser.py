"""Make the network of the app: a student of all rows of train.csv and of the teachers' models of all folds."""

import json
import shutil
from pathlib import Path
from typing import Any, cast

import keras

from src.common.errors import InputError
from src.common.files import atomic_write, locked
from src.common.metrics import accuracy, standard_error
from src.common.provenance import describe_environment
from src.common.workspace import APP_WEIGHTS_DIR, Workspace
from src.data.datasets import Dataset
from src.experiments import Experiment
from src.export.networks import write_onnx
from src.models.classifiers import KerasClassifier
from src.training.keras_trainer import KerasTrainer
from src.validation.cross_validation import claim
from src.validation.fold_tasks import find_pending, load_fold_classifier, make_lessons
from src.validation.oof import load_oof_predictions


def ship(
    experiment: Experiment, dataset: Dataset, workspace: Workspace, directory: Path = APP_WEIGHTS_DIR
) -> dict[str, Any]:
    """Train on all rows and write reader.onnx and, last, its record reader.json; an interrupted training goes on.

    Nothing is held out from this network: the accuracy in the record is the out-of-fold accuracy of the same recipe.

    Returns:
        The record.

    Raises:
        InputError: the experiment is no network with teachers, or it or one of them is not trained on all folds.
    """
    if not experiment.teachers or not isinstance(experiment.trainer, KerasTrainer):
        raise InputError(f"{experiment.name} is not a network with teachers; the app's network is one, such as reader")
    everyone = [*experiment.teachers, experiment]
    with locked(*(workspace.oof_dir / one.name for one in everyone)):
        pending = find_pending(everyone, range(dataset.folds.num_folds), dataset, workspace)
        if pending:
            names = " ".join(one.name for one in everyone)
            raise InputError(f"{len(pending)} folds are not trained yet; train them: python -m scripts.train {names}")
        model, seconds = _train(experiment, dataset, workspace)
        (directory / "reader.json").unlink(missing_ok=True)  # a record is never that of another network
        with atomic_write(directory / "reader.onnx") as temporary:
            write_onnx(model, temporary)
        record = _describe(experiment, dataset, workspace) | {
            "num_bytes": (directory / "reader.onnx").stat().st_size,
            "train_seconds": round(seconds),
        }
        with atomic_write(directory / "reader.json") as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")
        shutil.rmtree(workspace.whole_checkpoint_dir(experiment.name))
    return record


def _train(experiment: Experiment, dataset: Dataset, workspace: Workspace) -> tuple[keras.Model, float]:
    """The network, and the seconds that its epochs took."""
    num_folds = dataset.folds.num_folds
    teachers = [
        load_fold_classifier(workspace, one.name, fold) for one in experiment.teachers for fold in range(num_folds)
    ]
    seed = experiment.fold_seed(num_folds)
    lessons = make_lessons(dataset.images, teachers, seed)
    checkpoint_dir = workspace.whole_checkpoint_dir(experiment.name)
    claim(checkpoint_dir, experiment, dataset, lessons, describe_environment() | experiment.trainer.describe_backend())
    rows = dataset.images, dataset.labels
    watched = rows[0][:1000], rows[1][:1000]  # shows progress; its figures mean nothing, as it is trained on
    classifier = cast(KerasClassifier, experiment.trainer.fit(rows, watched, seed, checkpoint_dir, lessons))
    return classifier.model, sum(entry["seconds"] for entry in classifier.history)


def _describe(experiment: Experiment, dataset: Dataset, workspace: Workspace) -> dict[str, Any]:
    labels = dataset.folds.labels
    share = accuracy(labels, load_oof_predictions(workspace, experiment.name, dataset.folds).oof)
    return {
        "experiment": experiment.name,
        "oof_accuracy": round(share, 5),
        "oof_standard_error": round(standard_error(share, len(labels)), 5),
        "num_train_rows": len(labels),
        "recipe": experiment.describe(),
        "recipe_hash": experiment.hash(),
        "fingerprints": dataset.fingerprints(),
        **describe_environment(),
    }

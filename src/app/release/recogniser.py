"""Make the app's network for single digits: a student of all rows of train.csv and of its teachers on all folds."""

import shutil
from pathlib import Path
from typing import Any, cast

from src.app.release.network_files import save_network
from src.common.arrays import LabelledImages, fingerprint
from src.common.errors import InputError
from src.common.files import locked
from src.common.metrics import accuracy, standard_error
from src.common.provenance import describe_environment
from src.common.workspace import APP_WEIGHTS_DIR, Workspace
from src.data.datasets import Dataset
from src.experiments import Experiment
from src.models.classifiers import KerasClassifier
from src.training.distillation import make_distillation_set
from src.training.keras_trainer import KerasTrainer
from src.training.trainers import TrainingContext
from src.validation.cross_validation import prepare_checkpoint_dir
from src.validation.fold_tasks import find_pending, load_fold_classifier
from src.validation.oof import load_oof_predictions

_NUM_MEASURED = 1000  # training images on which each epoch is measured


def release_recogniser(
    experiment: Experiment, dataset: Dataset, workspace: Workspace, directory: Path = APP_WEIGHTS_DIR
) -> dict[str, Any]:
    """Train a student on all rows and write NAME.onnx and NAME.json; an interrupted training continues.

    No row is held out from this network. The accuracy in its record is the out-of-fold accuracy of the same recipe.

    Args:
        experiment: a network with teachers; its name becomes the name of the files.
        dataset: the training rows.
        workspace: where the folds of the student and of its teachers are.
        directory: where the files go.

    Returns:
        The record: oof_accuracy with oof_standard_error, recipe, fingerprints, environment, num_bytes, train_seconds.

    Raises:
        InputError: the experiment is not a network with teachers, or it or one of them is not trained on all folds.
    """
    if experiment.distillation is None or not isinstance(experiment.trainer, KerasTrainer):
        raise InputError(f"{experiment.name} is not a network with teachers; release one that is, such as recogniser")
    if experiment.trainer.normalization is not None:
        raise InputError(
            f"{experiment.name} normalises images before its network sees them, which the app does not; release a "
            "network without normalization"
        )
    required = [*experiment.teachers, experiment]
    with locked(*(workspace.oof_dir / one.name for one in required)):
        pending = find_pending(required, range(dataset.folds.num_folds), dataset, workspace)
        if pending:
            names = " ".join(one.name for one in required)
            raise InputError(f"{len(pending)} folds are not trained yet; train them: python -m scripts.train {names}")
        environment = describe_environment() | experiment.trainer.describe_backend()
        classifier = _train(experiment, dataset, workspace, environment)
        record = {
            "experiment": experiment.name,
            **_measure_oof(experiment, dataset, workspace),
            "num_train_rows": len(dataset.labels),
            "recipe": experiment.describe(),
            "recipe_hash": experiment.hash(),
            "fingerprints": dataset.fingerprints(),
            **environment,
            "train_seconds": round(sum(entry["seconds"] for entry in classifier.history)),
        }
        record = save_network(classifier.model, record, directory)
        shutil.rmtree(workspace.release_checkpoint_dir(experiment.name))
    return record


def _train(
    experiment: Experiment, dataset: Dataset, workspace: Workspace, environment: dict[str, Any]
) -> KerasClassifier:
    assert experiment.distillation is not None
    num_folds = dataset.folds.num_folds
    teachers = [
        load_fold_classifier(workspace, teacher.name, fold)
        for teacher in experiment.teachers
        for fold in range(num_folds)
    ]
    seed = experiment.fold_seed(num_folds)  # The folds have the seeds before it.
    distillation_set = make_distillation_set(experiment.distillation, dataset.images, teachers, seed)
    checkpoint_dir = workspace.release_checkpoint_dir(experiment.name)
    prepare_checkpoint_dir(checkpoint_dir, experiment, dataset, fingerprint(*distillation_set), environment)
    rows = LabelledImages(dataset.images, dataset.labels)
    # These rows are trained on, so their accuracy shows progress and nothing else.
    measured = LabelledImages(rows.images[:_NUM_MEASURED], rows.labels[:_NUM_MEASURED])
    context = TrainingContext(checkpoint_dir, distillation_set)
    return cast(KerasClassifier, experiment.trainer.fit(rows, measured, seed, context))


def _measure_oof(experiment: Experiment, dataset: Dataset, workspace: Workspace) -> dict[str, float]:
    oof = load_oof_predictions(workspace, experiment.name, dataset.folds).oof
    oof_accuracy = accuracy(dataset.labels, oof)
    return {
        "oof_accuracy": round(oof_accuracy, 5),
        "oof_standard_error": round(standard_error(oof_accuracy, len(dataset.labels)), 5),
    }

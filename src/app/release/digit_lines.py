"""Make the app's network for lines of digits: the model of fold 0, measured on numbers made of held-out rows."""

from pathlib import Path
from typing import Any, cast

from src.app.release.network_files import save_network
from src.common.errors import InputError
from src.common.files import locked
from src.common.metrics import standard_error
from src.common.workspace import APP_WEIGHTS_DIR, Workspace
from src.data.datasets import Dataset
from src.experiments import Experiment
from src.models.classifiers import LineClassifier
from src.training.line_images import make_numbers
from src.training.line_trainer import NUM_HELD_OUT, LineTrainer, find_right_numbers, group_accuracy
from src.validation.fold_results import load_fold_record, train_command
from src.validation.fold_tasks import find_pending, load_fold_classifier

_FOLD = 0
"""The fold whose model is released. Its validation part is held out from the network that the app uses."""


def release_digit_lines(
    experiment: Experiment, dataset: Dataset, workspace: Workspace, directory: Path = APP_WEIGHTS_DIR
) -> dict[str, Any]:
    """Write the line network of fold 0 as NAME.onnx with its record NAME.json.

    Args:
        experiment: a line network; its name becomes the name of the files.
        dataset: the training rows.
        workspace: where the fold is.
        directory: where the files go.

    Returns:
        The record: line_accuracy, the fraction of held-out numbers in which all digits are recognised, with
        line_standard_error, and by number of digits and by height; recipe, fingerprints, environment, num_bytes,
        train_seconds.

    Raises:
        InputError: the experiment is not a line network, or its fold 0 is not trained.
    """
    trainer = experiment.trainer
    if not isinstance(trainer, LineTrainer):
        raise InputError(f"{experiment.name} is not a line network; release one that is, such as digit_lines")
    with locked(workspace.oof_dir / experiment.name):
        pending = find_pending([experiment], [_FOLD], dataset, workspace)
        fold_record = load_fold_record(workspace, experiment.name, _FOLD)
        if pending or fold_record is None:
            raise InputError(
                f"{experiment.name} is not trained on fold {_FOLD} yet; train it: "
                f"{train_command(experiment.name, _FOLD)}"
            )
        model = cast(LineClassifier, load_fold_classifier(workspace, experiment.name, _FOLD)).model
    _, rows = dataset.folds.split(_FOLD)
    seed = experiment.fold_seed(dataset.folds.num_folds)  # The training measured itself on other numbers.
    numbers = make_numbers(trainer.lines, dataset.images[rows], dataset.labels[rows], NUM_HELD_OUT, seed)
    is_right = find_right_numbers(model, numbers)
    accuracy = float(is_right.mean())
    kept = (
        "num_train_rows", "recipe", "recipe_hash", "fingerprints",
        "python", "versions", "processor", "threads", "commit", "backend", "device",
    )  # fmt: skip
    record = {
        "experiment": experiment.name,
        "line_accuracy": round(accuracy, 5),
        "line_standard_error": round(standard_error(accuracy, len(numbers)), 5),
        **group_accuracy(numbers, is_right),
        **{name: getattr(fold_record, name) for name in kept},
        "train_seconds": round(fold_record.train_seconds),
    }
    return save_network(model, record, directory)

"""Fold records for programs that show and compare trainings: TensorBoard, MLflow, Weights & Biases.

A fold is written when it is complete. So every kind of trainer and runner is covered, training does not wait for the
programs, and after an interruption nothing is incomplete or written twice. The packages are optional:
requirements-tracking.txt.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from src.common.competition import SLUG
from src.common.errors import InputError
from src.common.progress import say
from src.common.workspace import Workspace
from src.validation.fold_results import FoldRecord

Tracker = Callable[[FoldRecord], None]
"""A function that writes the record of a complete fold."""

_RESULTS = (
    "valid_accuracy",
    "train_accuracy",
    "train_seconds",
    "predict_seconds",
    "inference_images_per_second",
    "num_parameters",
    "model_bytes",
)
_SETTINGS = ("recipe_hash", "seed", "num_train_rows", "backend", "device", "precision", "threads", "commit")
"""Fields of the record that are shown beside the recipe."""


def track_nowhere(record: FoldRecord) -> None:
    """Do nothing with a record."""


def make_tracker(program: str, workspace: Workspace) -> Tracker:
    """Make a function that writes the records of complete folds for a program.

    Args:
        program: a key of `TRACKERS`.
        workspace: the files go to its `tracking_dir`.

    Returns:
        A function that takes a record. If it cannot write the record, it reports this in one line of progress, so that
        the training continues.

    Raises:
        InputError: the program's package is not installed.
    """
    try:
        write = TRACKERS[program](workspace.tracking_dir)
    except ModuleNotFoundError as error:
        raise InputError(
            f"--log {program} needs the package {error.name}; install it: "
            ".venv/bin/uv pip install -r requirements-tracking.txt"
        ) from None

    def track(record: FoldRecord) -> None:
        try:
            write(record)
        except Exception as error:  # The packages raise many kinds, such as those of databases.
            say(f"{program} did not get {record.experiment} fold {record.fold} ({error})")

    return track


def _make_tensorboard_tracker(directory: Path) -> Tracker:
    """Write event files to tensorboard/EXPERIMENT/fold_K/; those of an earlier training of the fold are replaced."""
    from tensorboard.summary import Writer

    def write(record: FoldRecord) -> None:
        fold_dir = directory / "tensorboard" / record.experiment / f"fold_{record.fold}"
        if fold_dir.exists():
            shutil.rmtree(fold_dir)
        writer = Writer(str(fold_dir))
        for step, figures in _list_figures(record):
            for name, value in figures.items():
                writer.add_scalar(name, value, step)
        writer.close()

    return write


def _make_mlflow_tracker(directory: Path) -> Tracker:
    """Write a run for each fold to the database mlflow.db."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    directory.mkdir(parents=True, exist_ok=True)
    client = MlflowClient(f"sqlite:///{directory / 'mlflow.db'}")

    def write(record: FoldRecord) -> None:
        known = client.get_experiment_by_name(record.experiment)
        experiment = known.experiment_id if known else client.create_experiment(record.experiment)
        run = client.create_run(experiment, run_name=f"fold {record.fold}").info.run_id
        client.log_batch(run, params=[Param(name, str(value)) for name, value in _describe(record).items()])
        for step, figures in _list_figures(record):
            now = time.time_ns() // 1_000_000  # milliseconds
            client.log_batch(run, metrics=[Metric(name, value, now, step) for name, value in figures.items()])
        client.set_terminated(run)

    return write


def _make_wandb_tracker(directory: Path) -> Tracker:
    """Write a run for each fold to wandb/, from where `wandb sync` uploads it."""
    import wandb

    settings = wandb.Settings(
        mode="offline", silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True
    )

    def write(record: FoldRecord) -> None:
        directory.mkdir(parents=True, exist_ok=True)  # Otherwise, wandb would write elsewhere.
        name = f"{record.experiment} fold {record.fold}"
        with wandb.init(
            project=SLUG, group=record.experiment, name=name, dir=directory, config=_describe(record), settings=settings
        ) as run:
            for step, figures in _list_figures(record):
                run.log(figures, step=step)

    return write


TRACKERS: dict[str, Callable[[Path], Tracker]] = {
    "tensorboard": _make_tensorboard_tracker,
    "mlflow": _make_mlflow_tracker,
    "wandb-offline": _make_wandb_tracker,
}


def _list_figures(record: FoldRecord) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the figures of each epoch, or stage of boosting, from 1, and last those of the fitted model."""
    for step, entry in enumerate(record.history, start=1):
        yield step, {f"history/{name}": value for name, value in entry.items()}
    yield len(record.history) + 1, {f"result/{name}": getattr(record, name) for name in _RESULTS}


def _describe(record: FoldRecord) -> dict[str, object]:
    """Return the recipe without nesting, such as trainer.epochs, and the settings of the fold."""
    (recipe,) = pd.json_normalize(record.recipe).to_dict("records")
    return recipe | {name: getattr(record, name) for name in _SETTINGS}

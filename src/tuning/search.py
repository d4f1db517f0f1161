"""Search the fields of a trainer with Optuna; a winner is written by hand into experiments.py.

Every trial learns from four fifths of fold 0's training rows and is measured on the last fifth, always the same one.
Fold 0's validation part has no share in it and judges what is found; those of the other folds lie among these rows, so
an OOF score flatters a tuned experiment a little.
"""

import hashlib
import math
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.storages import RDBStorage
from optuna.study import MaxTrialsCallback, Study
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization.matplotlib import plot_optimization_history, plot_param_importances
from sklearn.model_selection import train_test_split
from sqlalchemy import URL
from sqlalchemy.exc import SQLAlchemyError

from src.common.arrays import fingerprint
from src.common.errors import InputError
from src.common.files import atomic_write, locked
from src.common.metrics import accuracy
from src.common.progress import say
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.experiments import EXPERIMENTS, Experiment
from src.training.trainers import Report, Rows, Trainer, tell_nobody
from src.tuning.spaces import count_reports, describe_space, draw_trainer, is_searchable, write_recipe

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
MIN_TRIALS = 20
"""Complete ones, before importances say anything."""
LOCK_SECONDS = 60
"""How long one process waits for another to write to the study."""


@dataclass(frozen=True)
class Tuning:
    """What a search has found so far."""

    num_complete: int  # trials
    num_pruned: int
    start_accuracy: float  # of the experiment as it is, on the inner validation part
    best_accuracy: float  # of the best trial, there; the largest of many, so it flatters
    num_valid_rows: int
    recipe: str  # the best trainer, as an expression for experiments.py
    importances: dict[str, float]  # of what is searched, sum 1; empty before there are MIN_TRIALS complete ones
    plots: list[Path]  # PNG files


def tune(
    experiment: Experiment,
    dataset: Dataset,
    workspace: Workspace,
    num_trials: int | None = None,
    minutes: float | None = None,
) -> Tuning:
    """Go on with the search until so many trials are finished in all, or for so long.

    The study is a SQLite file in oof/tuning/: a killed search goes on where it was, and several processes with the same
    arguments share the work. A trial that, half-way or later, is behind the median of the others there is pruned.

    Raises:
        InputError: there is nothing to search in this experiment, no trial was completed in time, or the study's file
            cannot be used.
    """
    if not is_searchable(experiment):
        searchable = ", ".join(name for name, other in EXPERIMENTS.items() if is_searchable(other))
        raise InputError(f"there is nothing to search in {experiment.name}; choose one of: {searchable}")
    path = workspace.tuning_dir / f"{experiment.name}.db"
    try:
        return _search(experiment, dataset, path, num_trials, minutes)
    except (SQLAlchemyError, StorageInternalError) as error:
        reason = str(error.__cause__ or error).splitlines()[0]
        raise InputError(f"{path} cannot be used ({reason}); run the command again, or delete the file") from None


def _search(
    experiment: Experiment, dataset: Dataset, path: Path, num_trials: int | None, minutes: float | None
) -> Tuning:
    train, valid = _split(dataset)
    study = _open_study(experiment, fingerprint(*train), path)

    def measure(trainer: Trainer, report: Report) -> float:
        with tempfile.TemporaryDirectory() as checkpoint_dir:
            classifier = trainer.fit(train, valid, experiment.fold_seed(0), Path(checkpoint_dir), report=report)
        return accuracy(valid[1], classifier.predict_proba(valid[0]))

    def run_trial(trial: optuna.Trial) -> float:
        trainer = draw_trainer(experiment.trainer, trial)
        say(f"trial {trial.number}: {write_recipe(trainer)}")
        return measure(trainer, _prune_laggards(trial, count_reports(trainer)))

    if "start_accuracy" not in study.user_attrs:
        say(f"{experiment.name} as it is: {write_recipe(experiment.trainer)}")
        study.set_user_attr("start_accuracy", measure(experiment.trainer, tell_nobody))
    if num_trials is None or len(study.get_trials(deepcopy=False, states=FINISHED)) < num_trials:
        enough = MaxTrialsCallback(num_trials or sys.maxsize, FINISHED)
        study.optimize(run_trial, timeout=None if minutes is None else 60 * minutes, callbacks=[_tell, enough])
    if not study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        raise InputError(f"no trial of {experiment.name} was completed yet; run the command again, for longer")
    return _summarize(study, experiment, len(valid[1]), path)


def _prune_laggards(trial: optuna.Trial, num_reports: int) -> Report:
    numbers = count(1)

    def report(entry: dict[str, Any]) -> None:
        number = next(numbers)
        trial.report(entry["valid_accuracy"], number)
        if number >= math.ceil(num_reports / 2) and trial.should_prune():
            raise optuna.TrialPruned

    return report


def _split(dataset: Dataset) -> tuple[Rows, Rows]:
    rows, _ = dataset.folds.split(0)
    train_rows, valid_rows = train_test_split(rows, test_size=0.2, stratify=dataset.labels[rows], random_state=0)
    train, valid = ((dataset.images[part], dataset.labels[part]) for part in (train_rows, valid_rows))
    return train, valid


def _open_study(experiment: Experiment, data: str, path: Path) -> Study:
    """Another recipe, another space or other rows: another study in the file."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = hashlib.sha256(describe_space(experiment.trainer).encode()).hexdigest()[:12]
    with locked(path.parent, wait=True):  # two processes that make the tables at once would fail
        return optuna.create_study(
            storage=RDBStorage(
                URL.create("sqlite", database=str(path)).render_as_string(),
                engine_kwargs={"connect_args": {"timeout": LOCK_SECONDS}},
            ),
            study_name=f"{experiment.hash()} {space} {data}",
            load_if_exists=True,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        )


def _tell(study: Study, trial: FrozenTrial) -> None:
    figure = f"accuracy {trial.value:.4f}" if trial.state == TrialState.COMPLETE else "pruned"
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    best = (
        f"; the best of {len(complete)} is trial {study.best_trial.number}, {study.best_value:.4f}" if complete else ""
    )
    say(f"trial {trial.number}: {figure}{best}")


def _summarize(study: Study, experiment: Experiment, num_valid_rows: int, path: Path) -> Tuning:
    num_complete, num_pruned = (len(study.get_trials(deepcopy=False, states=[state])) for state in FINISHED)
    importances, plots = _find_importances(study), {"history": plot_optimization_history}
    if importances:
        plots["importances"] = partial(plot_param_importances, evaluator=FanovaImportanceEvaluator(seed=0))
    plot_paths = [path.with_name(f"{experiment.name}_{name}.png") for name in plots]
    for plot_path, plot in zip(plot_paths, plots.values(), strict=True):
        with _without_warnings(), atomic_write(plot_path) as temporary:
            plot(study).figure.savefig(temporary, format="png", dpi=150, bbox_inches="tight")  # type: ignore[union-attr]
    return Tuning(
        num_complete=num_complete,
        num_pruned=num_pruned,
        start_accuracy=study.user_attrs["start_accuracy"],
        best_accuracy=study.best_value,
        num_valid_rows=num_valid_rows,
        recipe=write_recipe(draw_trainer(experiment.trainer, study.best_trial)),
        importances=importances,
        plots=plot_paths,
    )


def _find_importances(study: Study) -> dict[str, float]:
    values = {trial.value for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])}
    if len(values) < MIN_TRIALS:  # ties do not count: without differences there is nothing to explain
        return {}
    with _without_warnings():
        return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Optuna warns that its plots are experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield

"""Search the hyper-parameters of a trainer with Optuna; the best recipe is added to experiments.py by hand.

Each trial is trained on four fifths of fold 0's training rows and measured on the other fifth, the same for all trials.
The validation part of fold 0 is not used, so the accuracy on it is unbiased. The validation parts of the other folds
are among the rows that are searched on, so the OOF score of a tuned experiment is slightly optimistic.
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

from src.common.arrays import LabelledImages, fingerprint
from src.common.errors import InputError
from src.common.files import atomic_write, locked
from src.common.metrics import accuracy
from src.common.progress import say
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.experiments import EXPERIMENTS, Experiment
from src.training.trainers import Report, Trainer, TrainingContext, ignore
from src.tuning.spaces import count_reports, describe_space, draw_trainer, is_searchable, write_recipe

MIN_IMPORTANCE_TRIALS = 20
"""Complete trials with different accuracies that the importances need."""
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_NUM_STARTUP_TRIALS = 5
"""Complete trials before the first one is pruned."""
_LOCK_SECONDS = 60
"""The longest time that a process waits for another one to write to the study."""


@dataclass(frozen=True)
class Tuning:
    """What a search has found so far."""

    num_complete: int  # trials
    num_pruned: int
    start_accuracy: float  # of the unchanged experiment, on the inner validation part
    best_accuracy: float  # of the best trial, there; slightly optimistic, as it is the largest of many
    num_valid_rows: int
    recipe: str  # the best trainer, as an expression for experiments.py
    importances: dict[str, float]  # of what is searched, sum 1; empty before there are enough trials
    plots: list[Path]  # PNG files


def tune(
    experiment: Experiment,
    dataset: Dataset,
    workspace: Workspace,
    num_trials: int | None = None,
    minutes: float | None = None,
) -> Tuning:
    """Start or continue the search.

    The study is a SQLite file in oof/tuning/. A killed search continues where it was, and several processes with the
    same arguments share the work. A trial is pruned if, after half of its epochs or stages or later, its accuracy is
    below the median of the other trials at that point.

    Args:
        experiment: whose trainer is varied.
        dataset: images, labels and folds.
        workspace: where the study is.
        num_trials: finished trials, those of earlier calls included, after which the search ends; None for no limit.
        minutes: after which no further trial begins; None for no limit.

    Raises:
        InputError: the trainer has no search space, no trial was completed in time, or the study's file cannot be used.
    """
    if not is_searchable(experiment):
        searchable = ", ".join(name for name, other in EXPERIMENTS.items() if is_searchable(other))
        raise InputError(f"there is no search space for {experiment.name}; choose one of: {searchable}")
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
            context = TrainingContext(Path(checkpoint_dir), report=report)
            classifier = trainer.fit(train, valid, experiment.fold_seed(0), context)
        return accuracy(valid.labels, classifier.predict_proba(valid.images))

    def run_trial(trial: optuna.Trial) -> float:
        trainer = draw_trainer(experiment.trainer, trial)
        say(f"trial {trial.number}: {write_recipe(trainer)}")
        return measure(trainer, _report_to(trial))

    if "start_accuracy" not in study.user_attrs:
        say(f"{experiment.name} as it is: {write_recipe(experiment.trainer)}")
        study.set_user_attr("start_accuracy", measure(experiment.trainer, ignore))
    if num_trials is None or len(study.get_trials(deepcopy=False, states=_FINISHED)) < num_trials:
        limit = MaxTrialsCallback(num_trials or sys.maxsize, _FINISHED)
        timeout = None if minutes is None else 60 * minutes
        study.optimize(run_trial, timeout=timeout, callbacks=[_show_trial, limit])
    if not study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        raise InputError(f"no trial of {experiment.name} is complete yet; run the command again, for a longer time")
    return _summarize(study, experiment, len(valid.labels), path)


def _report_to(trial: optuna.Trial) -> Report:
    """Make a function that hands each entry of the history to Optuna, which decides whether to prune the trial."""
    numbers = count(1)

    def report(entry: dict[str, float]) -> None:
        trial.report(entry["valid_accuracy"], next(numbers))
        if trial.should_prune():
            raise optuna.TrialPruned

    return report


def _split(dataset: Dataset) -> tuple[LabelledImages, LabelledImages]:
    rows, _ = dataset.folds.split(0)
    train_rows, valid_rows = train_test_split(rows, test_size=0.2, stratify=dataset.labels[rows], random_state=0)
    train, valid = (LabelledImages(dataset.images[part], dataset.labels[part]) for part in (train_rows, valid_rows))
    return train, valid


def _open_study(experiment: Experiment, data: str, path: Path) -> Study:
    """Create or load the study of this recipe, search space and data; the file may hold others."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = hashlib.sha256(describe_space(experiment.trainer).encode()).hexdigest()[:12]
    with locked(path.parent, wait=True):  # Two processes that create the tables at the same time would fail.
        return optuna.create_study(
            storage=RDBStorage(
                URL.create("sqlite", database=str(path)).render_as_string(),
                engine_kwargs={"connect_args": {"timeout": _LOCK_SECONDS}},
            ),
            study_name=f"{experiment.hash()} {space} {data}",
            load_if_exists=True,
            direction="maximize",
            pruner=optuna.pruners.MedianPruner(
                n_startup_trials=_NUM_STARTUP_TRIALS, n_warmup_steps=math.ceil(count_reports(experiment.trainer) / 2)
            ),
        )


def _show_trial(study: Study, trial: FrozenTrial) -> None:
    result = f"accuracy {trial.value:.4f}" if trial.state == TrialState.COMPLETE else "pruned"
    num_complete = len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))
    best = ""
    if num_complete:
        best = f"; the best of {num_complete} is trial {study.best_trial.number}, {study.best_value:.4f}"
    say(f"trial {trial.number}: {result}{best}")


def _summarize(study: Study, experiment: Experiment, num_valid_rows: int, path: Path) -> Tuning:
    num_complete, num_pruned = (len(study.get_trials(deepcopy=False, states=[state])) for state in _FINISHED)
    importances = _compute_importances(study)
    return Tuning(
        num_complete=num_complete,
        num_pruned=num_pruned,
        start_accuracy=study.user_attrs["start_accuracy"],
        best_accuracy=study.best_value,
        num_valid_rows=num_valid_rows,
        recipe=write_recipe(draw_trainer(experiment.trainer, study.best_trial)),
        importances=importances,
        plots=_draw_plots(study, experiment, path.parent, with_importances=bool(importances)),
    )


def _draw_plots(study: Study, experiment: Experiment, directory: Path, with_importances: bool) -> list[Path]:
    plots = {"history": plot_optimization_history}
    if with_importances:
        plots["importances"] = partial(plot_param_importances, evaluator=FanovaImportanceEvaluator(seed=0))
    paths = [directory / f"{experiment.name}_{name}.png" for name in plots]
    for path, plot in zip(paths, plots.values(), strict=True):
        with _without_warnings(), atomic_write(path) as temporary:
            plot(study).figure.savefig(temporary, format="png", dpi=150, bbox_inches="tight")  # type: ignore[union-attr]
    return paths


def _compute_importances(study: Study) -> dict[str, float]:
    values = {trial.value for trial in study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])}
    if len(values) < MIN_IMPORTANCE_TRIALS:  # Equal accuracies count once: without differences nothing is important.
        return {}
    with _without_warnings():
        return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Hide Optuna's warning that its plots are experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield

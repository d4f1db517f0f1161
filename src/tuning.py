"""Search the fields of a trainer with Optuna; a winner is written by hand into experiments.py.

Every trial learns from four fifths of fold 0's training rows and is measured on the last fifth, always the same one, so
the validation parts stay fair judges of what is found.
"""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import optuna
from optuna.study import MaxTrialsCallback, Study
from optuna.trial import FrozenTrial, TrialState
from optuna.visualization import matplotlib as optuna_plots
from sklearn.model_selection import train_test_split

from src.data import fingerprint
from src.datasets import Dataset
from src.errors import InputError
from src.experiments import EXPERIMENTS, Experiment
from src.metrics import accuracy
from src.progress import say
from src.search_spaces import draw_trainer, is_searchable, spell
from src.trainers import Rows
from src.workspace import Workspace, replacing

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Tuning:
    """What a search has found so far."""

    num_complete: int  # trials
    num_pruned: int
    accuracy: float  # of the best, on the inner validation part
    num_valid_rows: int
    recipe: str  # the best trainer, as an expression for experiments.py
    importances: dict[str, float]  # of what is searched, sum 1; empty before there are two complete trials
    plots: list[Path]  # PNG files


def tune(
    experiment: Experiment, dataset: Dataset, workspace: Workspace, num_trials: int, minutes: float | None = None
) -> Tuning:
    """Go on with the search until so many trials are finished in all, or for so long.

    The study is a SQLite file in oof/tuning/: a killed search goes on where it was, and several processes with the same
    arguments share the work. Trials that lag behind the median of the others after as many epochs are pruned.

    Raises:
        InputError: this kind of experiment has no search space, or no trial was completed in time.
    """
    if not is_searchable(experiment.trainer):
        searchable = ", ".join(name for name, other in EXPERIMENTS.items() if is_searchable(other.trainer))
        raise InputError(f"there is nothing to search in {experiment.name}; choose one of: {searchable}")
    train, valid = _split(dataset)
    study = _open_study(experiment, fingerprint(*train), workspace)

    def measure(trial: optuna.Trial) -> float:
        trainer = draw_trainer(experiment.trainer, trial)
        say(f"trial {trial.number}: {spell(trainer)}")
        steps = count(1)

        def report(entry: dict[str, Any]) -> None:
            trial.report(entry["valid_accuracy"], next(steps))
            if trial.should_prune():
                raise optuna.TrialPruned

        with tempfile.TemporaryDirectory() as checkpoint_dir:
            classifier = trainer.fit(train, valid, experiment.fold_seed(0), Path(checkpoint_dir), report=report)
        return accuracy(valid[1], classifier.predict_proba(valid[0]))

    if len(study.get_trials(deepcopy=False, states=FINISHED)) < num_trials:
        seconds = None if minutes is None else 60 * minutes
        study.optimize(measure, timeout=seconds, callbacks=[MaxTrialsCallback(num_trials, FINISHED), _tell])
    if not study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]):
        raise InputError(f"no trial of {experiment.name} was completed yet; run the command again, with more --minutes")
    return _summarize(study, experiment, len(valid[1]), workspace)


def _split(dataset: Dataset) -> tuple[Rows, Rows]:
    rows, _ = dataset.folds.split(0)
    train_rows, valid_rows = train_test_split(rows, test_size=0.2, stratify=dataset.labels[rows], random_state=0)
    train, valid = ((dataset.images[part], dataset.labels[part]) for part in (train_rows, valid_rows))
    return train, valid


def _open_study(experiment: Experiment, data: str, workspace: Workspace) -> Study:
    workspace.tuning_dir.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(
        storage=f"sqlite:///{workspace.tuning_dir / experiment.name}.db",
        study_name=f"{experiment.hash()} on {data}",  # another recipe or other rows: another study
        load_if_exists=True,
        direction="maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=3),
    )


def _tell(study: Study, trial: FrozenTrial) -> None:
    figure = f"accuracy {trial.value:.4f}" if trial.state == TrialState.COMPLETE else "pruned"
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    best = (
        f"; the best of {len(complete)} is trial {study.best_trial.number}, {study.best_value:.4f}" if complete else ""
    )
    say(f"trial {trial.number}: {figure}{best}")


def _summarize(study: Study, experiment: Experiment, num_valid_rows: int, workspace: Workspace) -> Tuning:
    num_complete, num_pruned = (len(study.get_trials(deepcopy=False, states=[state])) for state in FINISHED)
    importances = _find_importances(study) if num_complete > 1 else {}
    draw: dict[str, Callable[[Study], Any]] = {"history": optuna_plots.plot_optimization_history}
    if importances:
        draw["importances"] = optuna_plots.plot_param_importances
    plots = [workspace.tuning_dir / f"{experiment.name}_{name}.png" for name in draw]
    for path, plot in zip(plots, draw.values(), strict=True):
        with _quiet(), replacing(path) as temporary:
            plot(study).figure.savefig(temporary, format="png", dpi=150, bbox_inches="tight")
    recipe = spell(draw_trainer(experiment.trainer, study.best_trial))
    return Tuning(num_complete, num_pruned, study.best_value, num_valid_rows, recipe, importances, plots)


def _find_importances(study: Study) -> dict[str, float]:
    with _quiet():
        return optuna.importance.get_param_importances(study)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's warnings that its plots are experimental and that a few trials say little."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

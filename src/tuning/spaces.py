"""What is searched in a trainer, a value drawn for each trial, and how the result is written in experiments.py."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

import optuna
from optuna.trial import BaseTrial

from src import experiments
from src.experiments import Experiment
from src.images.augmentation import Augmentation
from src.training.classical_trainers import STAGE, LightGBMTrainer
from src.training.keras_trainer import KerasTrainer
from src.training.trainers import Trainer

Suggest = Callable[[BaseTrial, str], Any]
"""Draws, for a trial, the value of that name."""


def _draw(low: float, high: float, log: bool = False) -> Suggest:
    return lambda trial, name: float(f"{trial.suggest_float(name, low, high, log=log):.3g}")


def _count(low: int, high: int, log: bool = False) -> Suggest:
    return lambda trial, name: trial.suggest_int(name, low, high, log=log)


def _choose(*values: Any) -> Suggest:
    return lambda trial, name: trial.suggest_categorical(name, values)


def _distort(trial: BaseTrial, name: str) -> Augmentation:
    """The ranges of the affine distortion grow and shrink together; the elastic one is apart."""
    strength, usual = _draw(0.0, 1.5)(trial, f"{name}.strength"), Augmentation()
    ranges = {field: strength * getattr(usual, field) for field in ("rotation", "zoom", "shift", "shear")}
    rounded = {field: float(f"{value:.3g}") for field, value in ranges.items()}
    return Augmentation(**rounded, elastic=_draw(0.0, 1.5)(trial, f"{name}.elastic"))


FIELDS: dict[type, dict[str, Suggest]] = {
    KerasTrainer: {
        "learning_rate": _draw(3e-4, 6e-3, log=True),
        "batch_size": _choose(32, 64, 128, 256),
        "ema_momentum": _choose(None, 0.99, 0.999),
        "augmentation": _distort,
    },
    LightGBMTrainer: {
        "learning_rate": _draw(0.03, 0.3, log=True),
        "num_leaves": _count(8, 128, log=True),
        "min_leaf_rows": _count(2, 100, log=True),
        "row_fraction": _draw(0.4, 1.0),
        "pixel_fraction": _draw(0.05, 1.0, log=True),
        "l2": _draw(0.01, 30.0, log=True),
    },
}
"""Of each kind of trainer."""

ARGUMENTS: dict[str, dict[str, Suggest]] = {
    "dense_network": {"num_layers": _count(1, 4), "width": _choose(256, 512, 1024, 2048), "dropout": _draw(0.0, 0.6)},
    "plain_cnn": {"dropout": _draw(0.0, 0.5)},
    "strided_cnn": {"dropout": _draw(0.0, 0.5), "momentum": _choose(0.9, 0.95, 0.98)},
    "residual_cnn": {"dropout": _draw(0.0, 0.5), "momentum": _choose(0.9, 0.95, 0.98)},
    "large_kernel_cnn": {"momentum": _choose(0.9, 0.95, 0.98)},
}
"""Of the networks of a KerasTrainer."""


def is_searchable(experiment: Experiment) -> bool:
    """Whether its trainer can be searched: of a kind that has a space, and nothing but labelled rows, all of them."""
    return type(experiment.trainer) in FIELDS and not experiment.teachers and experiment.train_fraction == 1


def describe_space(trainer: Trainer) -> str:
    """All ranges that are searched, as text: another text is another space."""
    trial = optuna.create_study().ask()
    draw_trainer(trainer, trial)
    return repr(sorted(trial.distributions.items()))


def count_reports(trainer: Trainer) -> int:
    """How often a fit reports: epochs, or stages of boosting."""
    return -(-trainer.num_rounds // STAGE) if isinstance(trainer, LightGBMTrainer) else trainer.epochs  # type: ignore


def draw_trainer(trainer: Trainer, trial: BaseTrial) -> Trainer:
    """Replace what is searched by what the trial suggests."""
    changes = {name: suggest(trial, name) for name, suggest in FIELDS[type(trainer)].items()}
    if isinstance(trainer, KerasTrainer):
        function, keywords = _unwrap(trainer.network)
        drawn = {name: suggest(trial, name) for name, suggest in ARGUMENTS.get(function.__name__, {}).items()}
        changes["network"] = partial(function, **(keywords | drawn))
    return replace(trainer, **changes)  # type: ignore[type-var]


def write_recipe(trainer: Any) -> str:
    """Write a trainer for experiments.py, as the difference from the nearest one that has a name there."""
    named = {name: other for name, other in vars(experiments).items() if _kind(other) == _kind(trainer)}
    differences = {name: _find_differences(trainer, other) for name, other in named.items()}
    if not differences:
        return _write(trainer)
    name = min(differences, key=lambda name: len(differences[name]))
    return f"replace({', '.join([name, *_write_keywords(differences[name])])})"


def _kind(trainer: Any) -> tuple[Any, ...]:
    return type(trainer), _unwrap(trainer.network)[0] if isinstance(trainer, KerasTrainer) else None


def _find_differences(value: Any, other: Any) -> dict[str, Any]:
    values = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: value for name, value in values.items() if value != getattr(other, name)}


def _write_keywords(keywords: dict[str, Any]) -> list[str]:
    return [f"{name}={_write(value)}" for name, value in keywords.items()]


def _write(value: Any) -> str:
    if isinstance(value, partial):
        return f"partial({', '.join([_write(value.func), *_write_keywords(value.keywords)])})"
    if is_dataclass(value):
        defaults = {field.name: field.default for field in fields(value)}
        changed = {name: v for name, default in defaults.items() if (v := getattr(value, name)) != default}
        return f"{type(value).__name__}({', '.join(_write_keywords(changed))})"
    if isinstance(value, tuple):
        return f"({''.join(f'{_write(item)}, ' for item in value)})"
    return f"models.{value.__name__}" if callable(value) else repr(value)


def _unwrap(network: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    return (network.func, network.keywords) if isinstance(network, partial) else (network, {})

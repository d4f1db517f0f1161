"""Search spaces: what is varied in a trainer, how a trial draws it, and how a result is written for experiments.py."""

import math
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
"""Draws a value for a trial; the string is the name of the hyper-parameter."""


def _suggest_float(low: float, high: float, log: bool = False) -> Suggest:
    """Suggest a number with three significant digits, so that recipes stay short."""
    return lambda trial, name: float(f"{trial.suggest_float(name, low, high, log=log):.3g}")


def _suggest_int(low: int, high: int, log: bool = False) -> Suggest:
    return lambda trial, name: trial.suggest_int(name, low, high, log=log)


def _suggest_choice(*values: Any) -> Suggest:
    return lambda trial, name: trial.suggest_categorical(name, values)


def _draw_augmentation(augmentation: Augmentation | None, trial: BaseTrial) -> Augmentation:
    """Draw one strength for all affine distortions together, and one for the elastic distortion; keep the rest."""
    strength = _suggest_float(0.0, 1.5)(trial, "augmentation.strength")
    default = Augmentation()
    ranges = {field: strength * getattr(default, field) for field in ("rotation", "zoom", "shift", "shear")}
    rounded = {field: float(f"{value:.3g}") for field, value in ranges.items()}
    elastic = _suggest_float(0.0, 1.5)(trial, "augmentation.elastic")
    return replace(augmentation or default, **rounded, elastic=elastic)


TRAINER_SPACES: dict[type, dict[str, Suggest]] = {
    KerasTrainer: {
        "learning_rate": _suggest_float(3e-4, 6e-3, log=True),
        "batch_size": _suggest_choice(32, 64, 128, 256),
        "ema_momentum": _suggest_choice(None, 0.99, 0.999),
    },
    LightGBMTrainer: {
        "learning_rate": _suggest_float(0.03, 0.3, log=True),
        "num_leaves": _suggest_int(8, 128, log=True),
        "min_leaf_rows": _suggest_int(2, 100, log=True),
        "row_fraction": _suggest_float(0.4, 1.0),
        "pixel_fraction": _suggest_float(0.05, 1.0, log=True),
        "l2": _suggest_float(0.01, 30.0, log=True),
    },
}
"""Fields that are searched, by kind of trainer; for a KerasTrainer, its augmentation and network as well."""

_dropout, _momentum = _suggest_float(0.0, 0.5), _suggest_choice(0.9, 0.95, 0.98)
NETWORK_SPACES: dict[str, dict[str, Suggest]] = {
    "dense_network": {
        "num_layers": _suggest_int(1, 4),
        "width": _suggest_choice(256, 512, 1024, 2048),
        "dropout": _suggest_float(0.0, 0.6),
    },
    "plain_cnn": {"dropout": _dropout},
    "strided_cnn": {"dropout": _dropout, "momentum": _momentum},
    "residual_cnn": {"dropout": _dropout, "momentum": _momentum},
    "large_kernel_cnn": {"momentum": _momentum},
}
"""Arguments that are searched, by network of a KerasTrainer."""


def is_searchable(experiment: Experiment) -> bool:
    """Tell whether there is a search space for the trainer, and it is trained on labels and on all training rows."""
    is_known = type(experiment.trainer) in TRAINER_SPACES
    return is_known and not experiment.teachers and experiment.train_fraction == 1


def describe_space(trainer: Trainer) -> str:
    """Describe all ranges that are searched: two spaces are the same if their texts are equal."""
    trial = optuna.create_study().ask()
    draw_trainer(trainer, trial)
    return repr(sorted(trial.distributions.items()))


def count_reports(trainer: Trainer) -> int:
    """Count the reports of a complete fit: one per epoch, or per stage of boosting."""
    if isinstance(trainer, LightGBMTrainer):
        return math.ceil(trainer.num_rounds / STAGE)
    assert isinstance(trainer, KerasTrainer)  # There are no other spaces.
    return trainer.epochs


def draw_trainer(trainer: Trainer, trial: BaseTrial) -> Trainer:
    """Return the trainer with everything that is searched replaced by what the trial suggests."""
    changes = {name: suggest(trial, name) for name, suggest in TRAINER_SPACES[type(trainer)].items()}
    if isinstance(trainer, KerasTrainer):
        changes["augmentation"] = _draw_augmentation(trainer.augmentation, trial)
        function, keywords = _split_network(trainer.network)
        drawn = {name: suggest(trial, name) for name, suggest in NETWORK_SPACES.get(function.__name__, {}).items()}
        changes["network"] = partial(function, **(keywords | drawn))
    return replace(trainer, **changes)  # type: ignore[type-var]


def write_recipe(trainer: Trainer) -> str:
    """Write a trainer as an expression for experiments.py: the difference from the most similar trainer named there."""
    named = {name: other for name, other in vars(experiments).items() if _kind(other) == _kind(trainer)}
    differences = {name: _find_differences(trainer, other) for name, other in named.items()}
    if not differences:
        return _write(trainer)
    name = min(differences, key=lambda name: len(differences[name]))
    return f"replace({', '.join([name, *_write_keywords(differences[name])])})"


def _kind(value: Any) -> tuple[Any, ...]:
    return type(value), _split_network(value.network)[0] if isinstance(value, KerasTrainer) else None


def _find_differences(value: Any, other: Any) -> dict[str, Any]:
    values = {field.name: getattr(value, field.name) for field in fields(value)}
    # Compared as text, as two partial functions are never equal.
    return {name: value for name, value in values.items() if _write(value) != _write(getattr(other, name))}


def _write_keywords(keywords: dict[str, Any]) -> list[str]:
    return [f"{name}={_write(value)}" for name, value in keywords.items()]


def _write(value: Any) -> str:
    if isinstance(value, partial):
        return f"partial({', '.join([_write(value.func), *_write_keywords(value.keywords)])})"
    if is_dataclass(value):
        defaults = {field.name: field.default for field in fields(value)}
        changed = {name: v for name, default in defaults.items() if (v := getattr(value, name)) != default}
        return f"{type(value).__name__}({', '.join(_write_keywords(changed))})"
    if callable(value):
        return f"{value.__module__.rpartition('.')[2]}.{value.__name__}"
    return repr(value)


def _split_network(network: Callable[..., Any]) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Split a network into its function and the keyword arguments that are bound to it."""
    return (network.func, network.keywords) if isinstance(network, partial) else (network, {})

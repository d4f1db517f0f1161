"""The table of experiments: reading this file is reading what is trained.

An experiment that has results is never edited; a change, or another seed, is a new name.
"""

import hashlib
import inspect
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from src import estimators, models
from src.augmentation import Augmentation
from src.classical_trainers import LightGBMTrainer, SklearnTrainer
from src.errors import InputError, nearest
from src.lessons import LESSONS
from src.trainers import KerasTrainer, Trainer
from src.views import SURE, VIEWS


@dataclass(frozen=True)
class Experiment:
    """A named, immutable recipe."""

    name: str
    trainer: Trainer
    note: str  # what it is and where it comes from
    seed: int = 0
    train_share: float = 1.0  # of each fold's training rows; less is for learning curves
    teachers: tuple["Experiment", ...] = ()  # whose models of the same fold teach it: see fold_tasks.add_lessons

    def generation(self) -> int:
        """0 without teachers, else one more than the latest of them."""
        return 1 + max((teacher.generation() for teacher in self.teachers), default=-1)

    def fold_seed(self, fold: int) -> int:
        """The one seed of everything random in a fold."""
        return int(np.random.SeedSequence([zlib.crc32(self.name.encode()), self.seed, fold]).generate_state(1)[0])

    def describe(self) -> dict[str, Any]:
        """All that decides the result, as plain values for JSON; the note does not."""
        recipe = {"name": self.name, "seed": self.seed, "trainer": _describe(self.trainer)}
        if self.train_share < 1:
            recipe["train_share"] = self.train_share
        if self.teachers:
            recipe["teachers"] = {teacher.name: teacher.hash() for teacher in self.teachers}
            recipe["lessons"] = _describe(LESSONS)
        return recipe

    def hash(self) -> str:
        """12 hex digits of SHA-256 over `describe()`: another recipe has another hash."""
        return hashlib.sha256(json.dumps(self.describe(), sort_keys=True).encode()).hexdigest()[:12]


def _describe(value: Any) -> Any:
    if is_dataclass(value):
        told = {f.name: getattr(value, f.name) for f in fields(value)}
        for f in fields(value):
            if "later" in f.metadata and told[f.name] == f.default:
                del told[f.name]
        return {"kind": type(value).__name__} | {name: _describe(part) for name, part in told.items()}
    if callable(value):  # a function, with all its arguments that are fixed or have defaults
        function, arguments, keywords = value, (), {}
        if isinstance(value, partial):
            function, arguments, keywords = value.func, value.args, value.keywords
        bound = inspect.signature(function).bind_partial(*arguments, **keywords)
        bound.apply_defaults()
        return {"function": function.__name__, **bound.arguments}
    if isinstance(value, tuple):
        return [_describe(item) for item in value]
    return value


ELASTIC = Augmentation(elastic=0.7)  # pixels; on half of the images

STRIDED = KerasTrainer(
    partial(models.strided_cnn, dropout=0.2),
    epochs=10,
    augmentation=ELASTIC,
    learning_rate=2e-3,
    views=VIEWS,
    sure_above=SURE,
)
RESIDUAL = KerasTrainer(
    models.residual_cnn,
    epochs=10,
    augmentation=ELASTIC,
    learning_rate=2e-3,
    ema_momentum=0.99,
    views=VIEWS,
    sure_above=SURE,
)
LARGE_KERNEL = KerasTrainer(models.large_kernel_cnn, epochs=10, augmentation=ELASTIC, views=VIEWS, sure_above=SURE)
DENSE = KerasTrainer(models.dense_network, epochs=20, batch_size=128)
TUNED_DENSE = replace(
    DENSE,
    network=partial(models.dense_network, num_layers=3, width=512, dropout=0.0452),
    epochs=60,
    augmentation=Augmentation(rotation=7.84, zoom=0.0653, shift=0.0653, shear=5.22, elastic=1.41),
    batch_size=256,
    learning_rate=0.00175,
    ema_momentum=0.999,
)
PLAIN = KerasTrainer(models.plain_cnn, epochs=30, batch_size=86, augmentation=Augmentation())
BOOSTED = LightGBMTrainer()
READER = replace(RESIDUAL, epochs=7, augmentation=Augmentation(rotation=4.0, zoom=0.03, shift=0.02, shear=3.0))
"""Lessons are distorted already: this only makes them new in each epoch."""
TINY = KerasTrainer(models.tiny_cnn, epochs=2, augmentation=ELASTIC, learning_rate=3e-3, ema_momentum=0.9)

SHORT = (
    Experiment(
        "strided",
        STRIDED,
        "Learned downsampling instead of pooling. Network: Deotte, '25 Million Images! [0.99757] MNIST', whose dropout "
        "of 0.4 is for 45 epochs.",
    ),
    Experiment(
        "residual",
        RESIDUAL,
        "Residual blocks, max pooling, elastic distortion, averaged weights. After ttdoucet/mnist, much narrower.",
    ),
    Experiment(
        "large_kernel",
        LARGE_KERNEL,
        "5x5 kernels without pooling, normalised logits, elastic distortion. Network: after M5, arXiv:2008.10400.",
    ),
)
LONG = (
    Experiment("strided_long", replace(STRIDED, epochs=30), "strided, three times as long."),
    Experiment("residual_long", replace(RESIDUAL, epochs=30), "residual, three times as long."),
    Experiment("large_kernel_long", replace(LARGE_KERNEL, epochs=30), "large_kernel, three times as long."),
)
_TABLE = (
    *SHORT,
    *LONG,
    Experiment(
        "quick",
        replace(LARGE_KERNEL, epochs=7, batch_size=128, learning_rate=2e-3),
        "large_kernel in larger batches and fewer of them: nearly the same in half the time.",
    ),
    Experiment(
        "logistic_pca",
        SklearnTrainer(estimators.logistic_pca),
        "The linear baseline: principal components and logistic regression.",
    ),
    Experiment("forest_pca", SklearnTrainer(estimators.forest_pca), "Principal components, a forest of 400 trees."),
    Experiment(
        "svm_pca", SklearnTrainer(estimators.svm_pca), "Principal components and a Gaussian support vector machine."
    ),
    Experiment(
        "svm_hog", SklearnTrainer(estimators.svm_hog), "The same on histograms of oriented gradients: features pay."
    ),
    Experiment("knn", SklearnTrainer(estimators.knn), "The five nearest of the deskewed images."),
    Experiment("lightgbm", BOOSTED, "Gradient-boosted trees on the deskewed pixels."),
    Experiment("dnn", DENSE, "Two dense layers, untuned and undistorted; after Keras' mnist_mlp.py."),
    Experiment(
        "dnn_augmented", replace(DENSE, epochs=60, augmentation=Augmentation()), "dnn on affinely distorted images."
    ),
    Experiment(
        "ann_tuned",
        TUNED_DENSE,
        "dnn_augmented with the best values of eight trials of scripts.tune: distorted elastically, averaged.",
    ),
    Experiment(
        "cnn_augmented",
        PLAIN,
        "The published RMSprop network on affinely distorted images: Ghouzam, 'Introduction to CNN Keras'.",
    ),
    Experiment("reader", READER, "The blend of residual and large_kernel in one, for the app.", teachers=SHORT[1:]),
    Experiment("smoke", TINY, "A tiny network that trains in seconds: for tests and drills, not for scores."),
)
_LEARNING_CURVES = tuple(
    replace(experiment, name=f"{experiment.name}_{percent}", train_share=percent / 100)
    for experiment in _TABLE
    if experiment.name in ("svm_pca", "forest_pca", "large_kernel")
    for percent in (10, 30)
)
EXPERIMENTS = {experiment.name: experiment for experiment in (*_TABLE, *_LEARNING_CURVES)}


def get_experiments(names: Iterable[str]) -> list[Experiment]:
    """Look up experiments by name, in the order given, each once.

    Raises:
        InputError: there is no experiment of a name; the message suggests the nearest.
    """
    for name in names:
        if name not in EXPERIMENTS:
            raise InputError(
                f"there is no experiment {name!r}; did you mean {nearest(name, EXPERIMENTS)!r}? "
                f"All of them: {', '.join(EXPERIMENTS)}"
            )
    return [EXPERIMENTS[name] for name in dict.fromkeys(names)]

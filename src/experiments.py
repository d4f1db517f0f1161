"""The table of experiments: reading this file is reading what is trained.

To add one, add a row to `_TABLE`, as a difference from a trainer above it: `replace(STRIDED, epochs=20)`. An experiment
that has results is never edited; a change, or another seed, gets a new name.
"""

import hashlib
import inspect
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import partial
from typing import Any, cast

import numpy as np

from src.common.errors import InputError, suggest
from src.images.augmentation import Augmentation
from src.images.normalization import MomentNormalization
from src.images.test_time_augmentation import TTA
from src.models import estimators, networks
from src.training.classical_trainers import LightGBMTrainer, SklearnTrainer
from src.training.distillation import Distillation
from src.training.keras_trainer import KerasTrainer
from src.training.line_trainer import LineTrainer
from src.training.trainers import Trainer


@dataclass(frozen=True)
class Experiment:
    """A named, immutable recipe.

    Raises:
        ValueError: there are teachers without a distillation, or the other way round.
    """

    name: str
    trainer: Trainer
    note: str  # what it is and where it comes from
    seed: int = 0
    train_fraction: float = 1.0  # of each fold's training rows; less is for learning curves
    teachers: tuple["Experiment", ...] = ()  # whose models of the same fold label the distillation set
    distillation: Distillation | None = None

    def __post_init__(self) -> None:
        if bool(self.teachers) != (self.distillation is not None):
            raise ValueError(f"{self.name}: teachers and a distillation go together")

    def stage(self) -> int:
        """Return 0 without teachers, otherwise one more than the latest stage among them."""
        return 1 + max((teacher.stage() for teacher in self.teachers), default=-1)

    def fold_seed(self, fold: int) -> int:
        """Return the one seed of everything random in a fold."""
        return int(np.random.SeedSequence([zlib.crc32(self.name.encode()), self.seed, fold]).generate_state(1)[0])

    def describe(self) -> dict[str, Any]:
        """Return everything that decides the result, as plain values for JSON; the note does not."""
        recipe: dict[str, Any] = {field.name: _describe(getattr(self, field.name)) for field in fields(self)}
        del recipe["note"]
        return recipe | {"teachers": {teacher.name: teacher.hash() for teacher in self.teachers}}

    def hash(self) -> str:
        """Return 12 hex digits of SHA-256 over `describe()`: another recipe has another hash."""
        return hashlib.sha256(json.dumps(self.describe(), sort_keys=True).encode()).hexdigest()[:12]


_LATER_FIELDS = ("normalization",)
"""Fields that were added when there were results: not described where they are None, so that old hashes stay valid."""


def _describe(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        values = {field.name: getattr(value, field.name) for field in fields(value)}
        described = {name: _describe(v) for name, v in values.items() if v is not None or name not in _LATER_FIELDS}
        return {"kind": type(value).__name__} | described
    if callable(value):  # A function, with all its arguments that are given or have defaults.
        function, arguments, keywords = value, (), {}
        if isinstance(value, partial):
            function, arguments, keywords = value.func, value.args, value.keywords
        bound = inspect.signature(function).bind_partial(*arguments, **keywords)
        bound.apply_defaults()
        return {"function": function.__name__, **bound.arguments}
    if isinstance(value, tuple):
        return [_describe(item) for item in value]
    return value


AFFINE = Augmentation()
ELASTIC = Augmentation(elastic=0.7)  # pixels; half of the images are distorted elastically
STROKES = replace(ELASTIC, stroke_probability=0.2)  # and a fifth of the images get thicker or thinner strokes
FIVE_VIEWS = TTA(rotations=(-6.0, 6.0), zooms=(0.96, 1.04), confidence_threshold=0.99)

STRIDED = KerasTrainer(
    partial(networks.strided_cnn, dropout=0.2),
    epochs=10,
    augmentation=ELASTIC,
    learning_rate=2e-3,
    mixed_precision=True,
    tta=FIVE_VIEWS,
)
RESIDUAL = replace(STRIDED, network=networks.residual_cnn, ema_momentum=0.99)
LARGE_KERNEL = replace(STRIDED, network=networks.large_kernel_cnn, learning_rate=1e-3)
WIDE_RESIDUAL = KerasTrainer(
    networks.wide_residual_cnn,
    epochs=11,
    augmentation=STROKES,
    batch_size=100,
    learning_rate=4e-4,
    mixed_precision=True,
    tta=FIVE_VIEWS,
)
M5 = replace(
    WIDE_RESIDUAL,
    network=networks.unpooled_cnn,
    epochs=20,
    batch_size=120,
    learning_rate=1e-3,
    ema_momentum=0.999,
)
M7 = replace(M5, network=partial(networks.unpooled_cnn, kernel_size=7, filters=(48, 96, 144, 192)))
DENSE = KerasTrainer(networks.dense_network, epochs=20, batch_size=128)
TUNED_DENSE = replace(
    DENSE,
    network=partial(networks.dense_network, num_layers=3, width=512, dropout=0.0452),
    epochs=60,
    augmentation=Augmentation(rotation=7.84, zoom=0.0653, shift=0.0653, shear=5.22, elastic=1.41),
    batch_size=256,
    learning_rate=0.00175,
    ema_momentum=0.999,
)
PLAIN = KerasTrainer(networks.plain_cnn, epochs=30, batch_size=86, augmentation=AFFINE)
BOOSTED = LightGBMTrainer()
# The distillation set is distorted once; this weak augmentation makes it different in each epoch.
STUDENT = replace(
    RESIDUAL,
    epochs=7,
    augmentation=Augmentation(rotation=4.0, zoom=0.03, shift=0.02, shear=3.0),
    tta=replace(FIVE_VIEWS, rotations=(-8.0, 8.0), zooms=(0.95, 1.05)),
)
LINES = LineTrainer(
    KerasTrainer(
        networks.line_cnn, epochs=6, batch_size=16, learning_rate=2e-3, mixed_precision=True, ema_momentum=0.99
    )
)
TINY = KerasTrainer(
    networks.tiny_cnn, epochs=2, augmentation=ELASTIC, learning_rate=3e-3, mixed_precision=True, ema_momentum=0.9
)

DEFAULT = (
    Experiment(
        "strided",
        STRIDED,
        "Learned downsampling instead of pooling. Network: Deotte, '25 Million Images! [0.99757] MNIST', whose dropout "
        "of 0.4 is for 45 epochs.",
    ),
    Experiment(
        "residual",
        RESIDUAL,
        "Residual blocks, max pooling, averaged weights. Network: after ttdoucet/mnist, much narrower.",
    ),
    Experiment(
        "large_kernel",
        LARGE_KERNEL,
        "5x5 kernels without pooling, batch-normalised logits. Network: after M5, arXiv:2008.10400.",
    ),
)
LONG = (
    Experiment("strided_long", replace(STRIDED, epochs=30), "strided, trained three times as long."),
    Experiment("residual_long", replace(RESIDUAL, epochs=30), "residual, trained three times as long."),
    Experiment("large_kernel_long", replace(LARGE_KERNEL, epochs=30), "large_kernel, trained three times as long."),
)
_WIDE = (
    Experiment("wide_residual", WIDE_RESIDUAL, "Wide residual blocks. Network and epochs: ttdoucet/mnist."),
    Experiment("m5", M5, "5x5 kernels without pooling or strides. Network: M5 of arXiv:2008.10400, fewer epochs."),
    Experiment("m5_long", replace(M5, epochs=60), "m5, trained three times as long."),
    Experiment("m7", M7, "7x7 kernels without pooling or strides. Network: M7 of arXiv:2008.10400, fewer epochs."),
)


def _normalize(experiment: Experiment) -> Experiment:
    trainer = replace(cast(KerasTrainer, experiment.trainer), normalization=MomentNormalization())
    note = f"{experiment.name} on images without slant, centred and of equal spread."
    return replace(experiment, name=f"{experiment.name}_normalized", trainer=trainer, note=note)


NORMALIZED = tuple(_normalize(experiment) for experiment in (*DEFAULT[1:], *LONG))
_TEACHERS = (LONG[1], NORMALIZED[-1])  # residual_long and large_kernel_long_normalized
WIDE = tuple(twin for experiment in _WIDE for twin in (experiment, _normalize(experiment)))  # take hours on a CPU
_TABLE = (
    *DEFAULT,
    *LONG,
    *NORMALIZED,
    *WIDE,
    Experiment(
        "quick",
        replace(LARGE_KERNEL, epochs=7, batch_size=128, learning_rate=2e-3),
        "large_kernel with larger batches and fewer epochs: nearly as accurate in half the time.",
    ),
    Experiment(
        "logistic_pca",
        SklearnTrainer(estimators.logistic_pca),
        "The linear baseline: principal components and logistic regression.",
    ),
    Experiment(
        "forest_pca", SklearnTrainer(estimators.forest_pca), "Principal components and a random forest of 400 trees."
    ),
    Experiment(
        "svm_pca", SklearnTrainer(estimators.svm_pca), "Principal components and a Gaussian support vector machine."
    ),
    Experiment(
        "svm_hog",
        SklearnTrainer(estimators.svm_hog),
        "Histograms of oriented gradients and a Gaussian support vector machine.",
    ),
    Experiment(
        "svm_gradient",
        SklearnTrainer(estimators.svm_gradient),
        "Directions of gradients of deskewed images and a Gaussian support vector machine; features: Liu et al. 2003.",
    ),
    Experiment("knn", SklearnTrainer(estimators.knn), "The five nearest neighbours among deskewed images."),
    Experiment(
        "knn_deformation",
        SklearnTrainer(estimators.knn_deformation),
        "Nearest neighbours by the image distortion model, among deskewed images: Keysers et al. 2007.",
    ),
    Experiment("lightgbm", BOOSTED, "Gradient-boosted trees on deskewed pixels."),
    Experiment("dnn", DENSE, "Two dense layers, neither tuned nor augmented; after Keras' mnist_mlp.py."),
    Experiment("dnn_augmented", replace(DENSE, epochs=60, augmentation=AFFINE), "dnn with affine augmentation."),
    Experiment(
        "ann_tuned",
        TUNED_DENSE,
        "dnn_augmented with the best of eight trials of scripts.tune: elastic augmentation, averaged weights.",
    ),
    Experiment(
        "cnn_augmented",
        PLAIN,
        "The published RMSprop recipe with affine augmentation: Ghouzam, 'Introduction to CNN Keras'.",
    ),
    Experiment(
        "recogniser",
        STUDENT,
        "The app's network for single digits: the blend of its teachers, distilled into one network.",
        teachers=_TEACHERS,
        distillation=Distillation(),
    ),
    Experiment("digit_lines", LINES, "The app's network for numbers: finds and recognises the digits of a whole line."),
    Experiment("smoke", TINY, "A tiny network that trains in seconds: for tests, not for scores."),
)
_LEARNING_CURVES = tuple(
    replace(experiment, name=f"{experiment.name}_{percent}", train_fraction=percent / 100)
    for experiment in _TABLE
    if experiment.name in ("svm_pca", "forest_pca", "large_kernel")
    for percent in (10, 30)
)
EXPERIMENTS = {experiment.name: experiment for experiment in (*_TABLE, *_LEARNING_CURVES)}


def get_experiments(names: Iterable[str]) -> list[Experiment]:
    """Look up experiments by name, in the order given, each once.

    Raises:
        InputError: there is no experiment of a name; the message suggests a close one.
    """
    names = list(names)
    for name in names:
        if name not in EXPERIMENTS:
            raise InputError(
                f"there is no experiment {name!r}{suggest(name, EXPERIMENTS)}; there are: {', '.join(EXPERIMENTS)}"
            )
    return [EXPERIMENTS[name] for name in dict.fromkeys(names)]

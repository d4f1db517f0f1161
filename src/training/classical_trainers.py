"""Trainers of classical models: scikit-learn's pipelines and LightGBM."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from src.common.arrays import LabelledImages, Labels
from src.common.metrics import accuracy
from src.common.progress import bar, say
from src.models import estimators
from src.models.classifiers import SklearnClassifier
from src.training.trainers import Report, TrainingContext, require_labels_only

if TYPE_CHECKING:
    from lightgbm import Booster, LGBMClassifier
    from lightgbm.callback import CallbackEnv

STAGE = 25
"""Rounds of boosting after which the history gets an entry."""


@dataclass(frozen=True)
class SklearnTrainer:
    """A scikit-learn pipeline on flattened pixels."""

    pipeline: Callable[[int], Pipeline]  # builds it from a seed

    def fit(
        self, train: LabelledImages, valid: LabelledImages, seed: int, context: TrainingContext
    ) -> SklearnClassifier:
        """Fit the pipeline on `train`; an interrupted fit starts again. See `Trainer`."""
        require_labels_only(context)
        return SklearnClassifier(self.pipeline(seed).fit(*_flatten(train)))

    def describe_backend(self) -> dict[str, str]:
        """Return scikit-learn and cpu; see `Trainer`."""
        return {"backend": "scikit-learn", "device": "cpu", "precision": "float64"}


@dataclass(frozen=True)
class LightGBMTrainer:
    """Gradient-boosted trees on deskewed pixels; each round of boosting adds ten trees, one for each digit.

    The names of LightGBM's parameters are in brackets.
    """

    num_rounds: int = 300  # (n_estimators)
    learning_rate: float = 0.1
    num_leaves: int = 31  # of a tree, at most (num_leaves)
    min_leaf_rows: int = 20  # (min_child_samples)
    row_fraction: float = 0.8  # of the rows, drawn for each round (subsample)
    pixel_fraction: float = 0.3  # of the pixels, drawn for each tree (colsample_bytree)
    l2: float = 0.0  # penalty on the values of leaves (reg_lambda)

    def fit(
        self, train: LabelledImages, valid: LabelledImages, seed: int, context: TrainingContext
    ) -> SklearnClassifier:
        """Fit the trees on `train`; an interrupted fit starts again. The history has an entry per `STAGE` rounds."""
        require_labels_only(context)
        features, trees = FunctionTransformer(estimators.deskew), self._build_trees(seed)
        pixels, labels = _flatten(train)
        valid_pixels, valid_labels = _flatten(valid)
        with bar("rounds", self.num_rounds) as round_done:
            watch = _StageWatch(features.transform(valid_pixels), valid_labels, round_done, context.report)
            trees.fit(features.transform(pixels), labels, callbacks=[watch])
        return SklearnClassifier(make_pipeline(features, trees), watch.history)

    def _build_trees(self, seed: int) -> "LGBMClassifier":
        from lightgbm import LGBMClassifier  # Needs the system's libgomp, so only who uses it imports it.

        return LGBMClassifier(
            n_estimators=self.num_rounds,
            learning_rate=self.learning_rate,
            num_leaves=self.num_leaves,
            min_child_samples=self.min_leaf_rows,
            subsample=self.row_fraction,
            subsample_freq=1,
            colsample_bytree=self.pixel_fraction,
            reg_lambda=self.l2,
            importance_type="gain",
            random_state=seed,
            deterministic=True,
            force_row_wise=True,
            verbosity=-1,
        )

    def describe_backend(self) -> dict[str, str]:
        """Return lightgbm and cpu; see `Trainer`."""
        return {"backend": "lightgbm", "device": "cpu", "precision": "float64"}


class _StageWatch:
    """Shows the rounds, and measures and reports each stage; LightGBM calls it after every round."""

    def __init__(
        self,
        valid_features: npt.NDArray[np.uint8],
        valid_labels: Labels,
        round_done: Callable[[], None],
        report: Report,
    ):
        self.valid_features, self.valid_labels = valid_features, valid_labels
        self.round_done, self.report = round_done, report
        self.history: list[dict[str, float]] = []
        self.started = time.perf_counter()

    def __call__(self, env: "CallbackEnv") -> None:
        self.round_done()
        num_done = env.iteration + 1
        if num_done % STAGE == 0 or num_done == env.end_iteration:
            seconds = time.perf_counter() - self.started
            proba = np.asarray(cast("Booster", env.model).predict(self.valid_features))
            valid_accuracy = accuracy(self.valid_labels, proba)
            self.history.append({"rounds": num_done, "valid_accuracy": valid_accuracy, "seconds": seconds})
            say(f"  round {num_done}/{env.end_iteration}  valid_accuracy {valid_accuracy:.4f}  {seconds:.1f} s")
            self.report(self.history[-1])
            self.started = time.perf_counter()


def _flatten(rows: LabelledImages) -> tuple[npt.NDArray[np.uint8], Labels]:
    return rows.images.reshape(len(rows.images), -1), rows.labels

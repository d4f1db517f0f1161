"""Recipes of classical models: scikit-learn's pipelines, and LightGBM."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from lightgbm import Booster, LGBMClassifier
from lightgbm.callback import CallbackEnv
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from src import estimators
from src.classifiers import SklearnClassifier
from src.metrics import accuracy
from src.progress import bar, say
from src.trainers import Report, Rows, tell_nobody

STAGE = 25
"""Rounds of boosting after which the history gets an entry."""


@dataclass(frozen=True)
class SklearnTrainer:
    """A scikit-learn pipeline on flattened pixels."""

    pipeline: Callable[[int], Pipeline]  # from a seed

    def fit(
        self,
        train: Rows,
        valid: Rows,
        seed: int,
        checkpoint_dir: Path,
        lessons: Rows | None = None,
        report: Report = tell_nobody,
    ) -> SklearnClassifier:
        """See `Trainer`; an interrupted fit starts again."""
        _require_labels(lessons)
        return SklearnClassifier(self.pipeline(seed).fit(*_flatten(train)))

    def describe_backend(self) -> dict[str, str]:
        """See `Trainer`."""
        return {"backend": "scikit-learn", "device": "cpu"}

    def estimate_seconds(self, train: Rows, num_valid: int, num_predicted: int) -> float:
        """See `Trainer`: fits on a tenth and a fifth of the rows, but at least 500, tell how the time grows."""
        images, labels = train
        num_rows = np.maximum(500, len(labels) // np.array([10, 5]))
        seconds = []
        for n in num_rows:
            started = time.perf_counter()
            classifier = self.fit((images[:n], labels[:n]), train, 0, Path())
            seconds.append(time.perf_counter() - started)
        growth = np.clip(np.log2(seconds[1] / seconds[0]), 1, 3)  # of a support vector machine about 2
        started = time.perf_counter()
        classifier.predict_proba(images[:500])
        seconds_per_look = (time.perf_counter() - started) / 500 * len(labels) / num_rows[1]  # more neighbours, vectors
        return seconds[1] * (len(labels) / num_rows[1]) ** growth + num_predicted * seconds_per_look


@dataclass(frozen=True)
class LightGBMTrainer:
    """Gradient-boosted trees on deskewed pixels; each round of boosting adds ten, one for each digit.

    In brackets LightGBM's own names.
    """

    num_rounds: int = 300  # (n_estimators)
    learning_rate: float = 0.1
    num_leaves: int = 31  # of a tree, at most (num_leaves)
    min_leaf_rows: int = 20  # (min_child_samples)
    row_share: float = 0.8  # of the rows, which a round sees (subsample)
    pixel_share: float = 0.3  # of the pixels, which a tree sees (colsample_bytree)
    l2: float = 0.0  # draws leaves towards zero (reg_lambda)

    def fit(
        self,
        train: Rows,
        valid: Rows,
        seed: int,
        checkpoint_dir: Path,
        lessons: Rows | None = None,
        report: Report = tell_nobody,
    ) -> SklearnClassifier:
        """See `Trainer`; an interrupted fit starts again. The history has an entry for every `STAGE` rounds."""
        _require_labels(lessons)
        features, trees = FunctionTransformer(estimators.deskew), self._build_trees(seed)
        pixels, labels = _flatten(train)
        with bar("rounds", self.num_rounds) as round_done:
            valid_pixels, valid_labels = _flatten(valid)
            watch = _StageWatch((features.transform(valid_pixels), valid_labels), round_done, report)
            trees.fit(features.transform(pixels), labels, callbacks=[watch])
        return SklearnClassifier(make_pipeline(features, trees), watch.history)

    def _build_trees(self, seed: int) -> LGBMClassifier:
        return LGBMClassifier(
            n_estimators=self.num_rounds,
            learning_rate=self.learning_rate,
            num_leaves=self.num_leaves,
            min_child_samples=self.min_leaf_rows,
            subsample=self.row_share,
            subsample_freq=1,
            colsample_bytree=self.pixel_share,
            reg_lambda=self.l2,
            importance_type="gain",
            random_state=seed,
            deterministic=True,
            force_row_wise=True,
            verbosity=-1,
        )

    def describe_backend(self) -> dict[str, str]:
        """See `Trainer`."""
        return {"backend": "lightgbm", "device": "cpu"}

    def estimate_seconds(self, train: Rows, num_valid: int, num_predicted: int) -> float:
        """See `Trainer`: the first rounds, and a look at some images through as many."""
        (pixels, labels), features = _flatten(train), FunctionTransformer(estimators.deskew)
        seconds = []
        for num_rounds in (5, 15):
            started = time.perf_counter()
            trees = replace(self, num_rounds=num_rounds)._build_trees(seed=0).fit(features.transform(pixels), labels)
            seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        trees.predict_proba(features.transform(pixels[:500]))
        seconds_per_look = (time.perf_counter() - started) / 500 * self.num_rounds / 15
        return seconds[0] + (seconds[1] - seconds[0]) * self.num_rounds / 10 + num_predicted * seconds_per_look


class _StageWatch:
    """Shows the rounds, and measures and reports each stage; LightGBM calls it after every round."""

    def __init__(self, valid: Rows, round_done: Callable[[], None], report: Report):
        self.valid, self.round_done, self.report = valid, round_done, report
        self.history: list[dict[str, Any]] = []
        self.started = time.perf_counter()

    def __call__(self, env: CallbackEnv) -> None:
        self.round_done()
        num_done = env.iteration + 1
        if num_done % STAGE == 0 or num_done == env.end_iteration:
            seconds = time.perf_counter() - self.started
            features, labels = self.valid
            share = accuracy(labels, np.asarray(cast(Booster, env.model).predict(features)))
            self.history.append({"rounds": num_done, "valid_accuracy": share, "seconds": seconds})
            say(f"  round {num_done}/{env.end_iteration}  valid_accuracy {share:.4f}  {seconds:.1f} s")
            self.report(self.history[-1])
            self.started = time.perf_counter()


def _require_labels(lessons: Rows | None) -> None:
    if lessons is not None:
        raise ValueError("classical models learn from labels, not from a teacher's probabilities")


def _flatten(rows: Rows) -> Rows:
    images, labels = rows
    return images.reshape(len(images), -1), labels

"""What every trainer shares. A trainer is a recipe: a frozen dataclass whose `fit` turns images into a classifier."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from src.common.arrays import LabelledImages, SoftLabelledImages
from src.models.classifiers import Classifier

Report = Callable[[dict[str, float]], None]
"""Gets each new entry of a training's history; an exception that it raises ends the training."""


def ignore(entry: dict[str, float]) -> None:
    """Do nothing with an entry of the history."""


@dataclass(frozen=True)
class TrainingContext:
    """What a fit needs beside the data; none of it is part of the recipe."""

    checkpoint_dir: Path  # where an interrupted fit finds its last finished epoch
    distillation_set: SoftLabelledImages | None = None  # more images, with the teachers' probabilities
    report: Report = ignore  # gets each epoch, or stage of boosting; never called by trainers that have neither


class Trainer(Protocol):
    """A recipe. On one CPU machine, the same recipe, data, seed and number of threads give the same bits."""

    def fit(self, train: LabelledImages, valid: LabelledImages, seed: int, context: TrainingContext) -> Classifier:
        """Train on `train`. `valid` is measured after each epoch and never used to choose anything.

        Raises:
            ValueError: the context has a distillation set and this kind of trainer cannot learn from probabilities.
        """

    def describe_backend(self) -> dict[str, str]:
        """Return what computes: the keys backend, device and precision."""


def require_labels_only(context: TrainingContext) -> None:
    """Check that there is no distillation set; for trainers that learn from labels only.

    Raises:
        ValueError: there is one.
    """
    if context.distillation_set is not None:
        raise ValueError("this kind of trainer learns from labels, not from the probabilities of teachers")

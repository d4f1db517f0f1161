"""The trainer of the line network, which recognises digits that touch; the app uses it for numbers."""

from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from src.common.arrays import LabelledImages
from src.common.metrics import standard_error
from src.images.digit_lines import find_digit_centers
from src.models.classifiers import LineClassifier, predict_in_batches
from src.training.backend import prepare_backend
from src.training.keras_fit import AugmentedBatches
from src.training.keras_trainer import KerasTrainer
from src.training.line_images import LineImageRecipe, make_lines
from src.training.trainers import TrainingContext, require_labels_only

NUM_HELD_OUT = 4_000
"""Lines made of validation images, on which the network is measured."""


@dataclass(frozen=True)
class LineTrainer:
    """A line network trained on lines that are made of the training images."""

    keras: KerasTrainer  # network, epochs and optimizer; no augmentation or normalisation: lines are distorted already
    lines: LineImageRecipe = LineImageRecipe()
    num_lines: int = 200_000

    def fit(self, train: LabelledImages, valid: LabelledImages, seed: int, context: TrainingContext) -> LineClassifier:
        """Train on lines made of `train`, measured on lines made of `valid`; see `Trainer`."""
        require_labels_only(context)
        prepare_backend(seed, self.keras.mixed_precision)
        held_out = make_lines(self.lines, valid.images, valid.labels, NUM_HELD_OUT, seed + 1)
        images, targets = make_lines(self.lines, train.images, train.labels, self.num_lines, seed)
        batches = AugmentedBatches(images, targets, self.keras.batch_size, None, seed)
        model = self.keras.compile(len(batches))
        model, history = self.keras.fit_batches(model, batches, lambda: measure_lines(model, *held_out), context)
        return LineClassifier(model, history)

    def describe_backend(self) -> dict[str, str]:
        """Return Keras' backend and device; see `Trainer`."""
        return self.keras.describe_backend()


def measure_lines(
    model: keras.Model, lines: npt.NDArray[np.uint8], targets: npt.NDArray[np.float32]
) -> dict[str, float]:
    """Measure the fraction of lines in which all digits are recognised, and its standard error.

    Args:
        model: a line network.
        lines: uint8 (n, 28, w, 1).
        targets: float32 (n, w / 2, 11), see `encode_digit_centers`.

    Returns:
        line_accuracy and line_standard_error.
    """
    outputs = predict_in_batches(model, lines)
    is_right = [_find_digits(output) == _find_digits(target) for output, target in zip(outputs, targets, strict=True)]
    accuracy = float(np.mean(is_right))
    return {"line_accuracy": accuracy, "line_standard_error": standard_error(accuracy, len(lines))}


def _find_digits(output: npt.NDArray[np.float32]) -> list[int]:
    return [int(center.proba.argmax()) for center in find_digit_centers(output)]

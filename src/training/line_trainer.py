"""The trainer of the line network, which finds and recognises the digits of a line; the app uses it for numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

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
from src.training.line_images import LineImageRecipe, Number, make_lines, make_numbers
from src.training.trainers import TrainingContext, require_labels_only

NUM_HELD_OUT = 4_000
"""Numbers made of validation images, on which the network is measured."""
_BATCH = 128  # numbers that are predicted at once: they are wide
_MAX_DIGITS = (1, 2, 3, 4, 5, 8, 12)  # in the numbers of each group
_MAX_HEIGHTS = (12, 18, 30, 60)  # pixels of the digits in the picture, in the numbers of each group


@dataclass(frozen=True)
class LineTrainer:
    """A line network trained on lines that are made of the training images."""

    keras: KerasTrainer  # network, epochs and optimizer; no augmentation or normalisation: lines are distorted already
    lines: LineImageRecipe = LineImageRecipe()
    num_lines: int = 80_000

    def fit(self, train: LabelledImages, valid: LabelledImages, seed: int, context: TrainingContext) -> LineClassifier:
        """Train on lines made of `train`, measured on numbers made of `valid`; see `Trainer`."""
        require_labels_only(context)
        prepare_backend(seed, self.keras.mixed_precision)
        held_out = make_numbers(self.lines, valid.images, valid.labels, NUM_HELD_OUT, seed + 1)
        images, targets = make_lines(self.lines, train.images, train.labels, self.num_lines, seed)
        batches = AugmentedBatches(images, targets, self.keras.batch_size, None, seed)
        model = self.keras.compile(len(batches))
        model, history = self.keras.fit_batches(model, batches, partial(measure_lines, model, held_out), context)
        return LineClassifier(model, history)

    def describe_backend(self) -> dict[str, str]:
        """Return Keras' backend, device and precision; see `Trainer`."""
        return self.keras.describe_backend()


def measure_lines(model: keras.Model, numbers: list[Number]) -> dict[str, float]:
    """Measure the fraction of numbers in which all digits are recognised, and its standard error.

    Args:
        model: a line network.
        numbers: see `make_numbers`.

    Returns:
        line_accuracy and line_standard_error.
    """
    accuracy = float(find_right_numbers(model, numbers).mean())
    return {"line_accuracy": accuracy, "line_standard_error": standard_error(accuracy, len(numbers))}


def find_right_numbers(model: keras.Model, numbers: list[Number]) -> npt.NDArray[np.bool_]:
    """Find out in which numbers a line network recognises all digits, and no others: bool (n,)."""
    width = max(number.image.shape[1] for number in numbers)
    lines = np.stack([np.pad(number.image, ((0, 0), (0, width - number.image.shape[1]), (0, 0))) for number in numbers])
    outputs = predict_in_batches(model, lines, _BATCH)
    found = [[int(center.proba.argmax()) for center in find_digit_centers(output)] for output in outputs]
    return np.array([digits == number.labels for digits, number in zip(found, numbers, strict=True)])


def group_accuracy(numbers: list[Number], is_right: npt.NDArray[np.bool_]) -> dict[str, dict[str, float]]:
    """Measure the accuracy by number of digits, and by their height in the picture.

    Args:
        numbers: see `make_numbers`.
        is_right: bool (n,), see `find_right_numbers`.

    Returns:
        accuracy_by_num_digits and accuracy_by_height: the accuracy of the numbers of each group that has some, under
        the largest number of digits, or the largest height in pixels, of the group.
    """
    return {
        "accuracy_by_num_digits": _group([len(number.labels) for number in numbers], _MAX_DIGITS, is_right),
        "accuracy_by_height": _group([number.height for number in numbers], _MAX_HEIGHTS, is_right),
    }


def _group(values: Sequence[float], limits: tuple[int, ...], is_right: npt.NDArray[np.bool_]) -> dict[str, float]:
    groups = np.searchsorted(limits, values)
    return {
        str(limit): round(float(is_right[groups == i].mean()), 4)
        for i, limit in enumerate(limits)
        if (groups == i).any()
    }

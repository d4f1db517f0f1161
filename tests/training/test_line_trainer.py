"""The line trainer: what it learns counts whole numbers, and its network also classifies single digits."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from src.common.arrays import LabelledImages, SoftLabelledImages
from src.images.digit_lines import COLUMN_STEP, NO_CENTER, encode_digit_centers
from src.models.classifiers import LineClassifier, load_classifier
from src.training import line_trainer
from src.training.line_images import Number
from src.training.line_trainer import group_accuracy, measure_lines
from src.training.trainers import TrainingContext
from tests.line_networks import TINY_LINES

RECIPE = TINY_LINES.trainer


@pytest.fixture(scope="module")
def rows(sample_rows):
    images, labels = sample_rows
    return LabelledImages(images[:400], labels[:400]), LabelledImages(images[400:500], labels[400:500])


@pytest.fixture
def few_held_out(monkeypatch):
    monkeypatch.setattr(line_trainer, "NUM_HELD_OUT", 100)


def make_number(labels, height):
    """Make a number whose image holds its target: the classes of the columns, in the first row."""
    width = 20 * len(labels)
    target = encode_digit_centers(width, [(20.0 * i + 10, 12.0) for i in range(len(labels))], labels)
    image = np.zeros((28, width, 1), np.uint8)
    image[0, :, 0] = target.argmax(axis=1).repeat(COLUMN_STEP)
    image[1] = 1  # The padding lacks it.
    return Number(image, target, labels, height)


@pytest.fixture(scope="module")
def decoder():
    """A model that reads what `make_number` writes."""
    pixels = keras.Input((28, None, 1))
    rows = pixels[:, :2, ::COLUMN_STEP, 0]
    classes = keras.ops.where(keras.ops.equal(rows[:, 1], 1), rows[:, 0], NO_CENTER)
    return keras.Model(pixels, keras.ops.one_hot(keras.ops.cast(classes, "int32"), NO_CENTER + 1))


def test_numbers_count_as_right_when_all_their_digits_are(decoder):
    numbers = [make_number([1, 1, 7], 10.0), make_number([4], 20.0), make_number([0] * 12, 59.0)]
    assert measure_lines(decoder, numbers) == {"line_accuracy": 1.0, "line_standard_error": 0.0}
    missing, other, more = make_number([1, 7], 10.0), make_number([4, 5], 20.0), make_number([4, 4], 20.0)
    wrong = [replace(number, labels=labels) for number, labels in ((missing, [1, 1, 7]), (other, [4, 6]), (more, [4]))]
    figures = measure_lines(decoder, [*numbers, *wrong, *numbers, numbers[0]])
    assert figures == {"line_accuracy": pytest.approx(0.7), "line_standard_error": pytest.approx(0.1449, abs=1e-4)}


def test_accuracy_is_grouped_by_digits_and_height():
    numbers = [
        make_number([1], 8.0),
        make_number([1] * 6, 12.5),
        make_number([1] * 8, 18.0),
        make_number([1] * 9, 60.0),
    ]
    assert group_accuracy(numbers, np.array([True, True, False, False])) == {
        "accuracy_by_num_digits": {"1": 1.0, "8": 0.5, "12": 0.0},
        "accuracy_by_height": {"12": 1.0, "18": 0.5, "60": 0.0},
    }


def test_an_interrupted_training_ends_with_the_same_bits(rows, few_held_out, tmp_path):
    def interrupt(entry):
        assert 0 <= entry["line_accuracy"] <= 1
        raise KeyboardInterrupt

    train, valid = rows
    whole = RECIPE.fit(train, valid, 7, TrainingContext(tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        RECIPE.fit(train, valid, 7, TrainingContext(tmp_path / "halves", report=interrupt))
    resumed = RECIPE.fit(train, valid, 7, TrainingContext(tmp_path / "halves"))
    assert isinstance(resumed, LineClassifier) and len(resumed.history) == 2
    proba = whole.predict_proba(valid.images)
    np.testing.assert_array_equal(resumed.predict_proba(valid.images), proba)
    assert proba.shape == (100, 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    whole.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(load_classifier(tmp_path / "model.keras").predict_proba(valid.images), proba)


def test_teachers_are_refused(rows, tmp_path):
    train, valid = rows
    taught = SoftLabelledImages(train.images, np.full((len(train.images), 10), 0.1, np.float32))
    with pytest.raises(ValueError, match="labels"):
        RECIPE.fit(train, valid, 7, TrainingContext(tmp_path, taught))

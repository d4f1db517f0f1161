"""The line trainer: what it learns counts whole lines, and its network also classifies single digits."""

import keras
import numpy as np
import pytest

from src.common.arrays import LabelledImages, SoftLabelledImages
from src.images.digit_lines import NO_CENTER
from src.models.classifiers import LineClassifier, load_classifier
from src.training import line_trainer
from src.training.line_images import LineImageRecipe, make_lines
from src.training.line_trainer import measure_lines
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


@pytest.fixture(scope="module")
def target_model():
    """A model whose input is its output: lines of the right shape are answered by their targets."""
    inputs = keras.Input((None, NO_CENTER + 1))
    return keras.Model(inputs, keras.layers.Identity()(inputs))


def test_lines_count_as_right_when_all_their_digits_are(sample_rows, target_model):
    _, targets = make_lines(LineImageRecipe(), *sample_rows, num_lines=100, seed=5)
    assert measure_lines(target_model, targets, targets) == {"line_accuracy": 1.0, "line_standard_error": 0.0}
    changed = targets.copy()
    changed[:20] = np.eye(NO_CENTER + 1, dtype=np.float32)[NO_CENTER]  # no digit in these
    changed[20:30, :, :NO_CENTER] = np.roll(targets[20:30, :, :NO_CENTER], 1, axis=2)  # other digits in these
    figures = measure_lines(target_model, changed, targets)
    assert figures == {"line_accuracy": pytest.approx(0.7), "line_standard_error": pytest.approx(0.0458, abs=1e-4)}


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

"""Networks: training is repeatable bit by bit, also across an interruption."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from src.common.arrays import LabelledImages, SoftLabelledImages
from src.common.workspace import REPOSITORY
from src.images.augmentation import Augmentation
from src.images.normalization import MomentNormalization
from src.models.classifiers import load_network
from src.models.networks import tiny_cnn
from src.training.keras_fit import Checkpoint
from src.training.keras_trainer import KerasTrainer
from src.training.trainers import TrainingContext
from src.validation.fold_results import load_fold_record

# Everything that has a state: dropout, batch normalisation, RMSprop, averaged weights, a schedule, elastic distortion;
# and bfloat16 where this machine has it.
RECIPE = KerasTrainer(tiny_cnn, 3, Augmentation(elastic=0.7), batch_size=32, mixed_precision=True, ema_momentum=0.9)


@pytest.fixture
def rows(sample_rows):
    images, labels = sample_rows
    return LabelledImages(images[:400], labels[:400]), LabelledImages(images[400:500], labels[400:500])


def test_learns(rows, tmp_path):
    train, valid = rows
    recipe = replace(RECIPE, epochs=12, augmentation=None, learning_rate=3e-3)
    classifier = recipe.fit(train, valid, 0, TrainingContext(tmp_path))
    assert (classifier.predict_proba(train[0]).argmax(axis=1) == train[1]).mean() > 0.9
    assert [entry["loss"] for entry in classifier.history][-1] < classifier.history[0]["loss"] / 3


def test_interrupted_training_ends_with_the_same_bits(rows, tmp_path, monkeypatch):
    train, valid = rows
    whole = RECIPE.fit(train, valid, 7, TrainingContext(tmp_path / "whole")).predict_proba(valid[0])

    save = Checkpoint.save

    def interrupt_after_the_second_epoch(checkpoint, entry):
        save(checkpoint, entry)
        if len(checkpoint.history) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save", interrupt_after_the_second_epoch)
    with pytest.raises(KeyboardInterrupt):
        RECIPE.fit(train, valid, 7, TrainingContext(tmp_path / "halves"))
    monkeypatch.setattr(Checkpoint, "save", save)
    resumed = RECIPE.fit(train, valid, 7, TrainingContext(tmp_path / "halves"))
    np.testing.assert_array_equal(resumed.predict_proba(valid[0]), whole)
    assert len(resumed.history) == 3


def test_finished_but_unsaved_training_is_not_repeated(rows, tmp_path):
    train, valid = rows
    first = RECIPE.fit(train, valid, 7, TrainingContext(tmp_path))
    again = RECIPE.fit(train, valid, 7, TrainingContext(tmp_path))
    assert again.history == first.history
    np.testing.assert_array_equal(first.predict_proba(valid[0]), again.predict_proba(valid[0]))


def test_a_checkpoint_keeps_one_epoch_only(rows, tmp_path):
    train, valid = rows
    RECIPE.fit(train, valid, 7, TrainingContext(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {"epoch_0003.npz", "history.json"}


def test_other_seeds_give_other_models(rows, tmp_path):
    train, valid = rows
    one = replace(RECIPE, epochs=1).fit(train, valid, 1, TrainingContext(tmp_path / "1")).predict_proba(valid[0])
    two = replace(RECIPE, epochs=1).fit(train, valid, 2, TrainingContext(tmp_path / "2")).predict_proba(valid[0])
    assert (one != two).any()


def test_learning_rate_rises_to_its_peak_and_ends_near_zero():
    optimizer = replace(RECIPE, epochs=10).compile(num_batches=100).optimizer
    rates = []
    for step in (0, 50, 500, 999):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    assert rates[0] < 1e-4 and rates[1] == pytest.approx(RECIPE.learning_rate)
    assert rates[1] > rates[2] > rates[3] and rates[3] < 1e-2 * RECIPE.learning_rate


def test_averaged_weights_are_kept(rows, tmp_path):
    train, valid = rows
    averaged = RECIPE.fit(train, valid, 3, TrainingContext(tmp_path / "a")).model
    last = replace(RECIPE, ema_momentum=None).fit(train, valid, 3, TrainingContext(tmp_path / "b")).model
    assert any((a != b).any() for a, b in zip(averaged.get_weights(), last.get_weights(), strict=True))


@pytest.mark.slow
def test_trains_and_saves_under_jax(small):
    environment = os.environ | {"KERAS_BACKEND": "jax", "DIGITS_WORKSPACE": str(small.root)}
    command = [sys.executable, "-m", "scripts.train", "smoke", "--folds", "0"]  # smoke averages its weights
    subprocess.run(command, cwd=REPOSITORY, env=environment, check=True)
    assert load_fold_record(small, "smoke", 0).backend == "jax"
    assert load_network(small.fold_path("smoke", 0, ".keras")).num_parameters() > 0


def test_a_student_learns_from_a_distillation_set(rows, tmp_path):
    """A digit that has no labelled row is learnt from a teacher's probabilities for other images."""
    (images, labels), valid = rows
    threes = labels == 3
    taught = np.full((threes.sum(), 10), 0.02, np.float32)
    taught[:, 3] = 0.82
    recipe = replace(RECIPE, epochs=12, augmentation=None, learning_rate=3e-3)
    labelled = LabelledImages(images[~threes], labels[~threes])
    ignorant = recipe.fit(labelled, valid, 0, TrainingContext(tmp_path / "without"))
    student = recipe.fit(
        labelled, valid, 0, TrainingContext(tmp_path / "with", SoftLabelledImages(images[threes], taught))
    )
    assert (ignorant.predict_proba(images[threes]).argmax(axis=1) != 3).all()
    proba = student.predict_proba(images[threes])
    assert (proba.argmax(axis=1) == 3).mean() > 0.9
    assert 0.6 < proba[:, 3].mean() < 0.95  # The teacher's confidence.


def test_normalisation_acts_on_all_images_before_anything_else(rows, tmp_path):
    (images, labels), valid = rows
    normalization = MomentNormalization()

    def fit(recipe, prepare, directory):
        train = LabelledImages(prepare(images[:200]), labels[:200])
        taught = SoftLabelledImages(prepare(images[200:]), np.eye(10, dtype=np.float32)[labels[200:]])
        measured = LabelledImages(prepare(valid.images), valid.labels)
        return recipe.fit(train, measured, 7, TrainingContext(tmp_path / directory, taught))

    with_it = fit(replace(RECIPE, normalization=normalization), np.array, "with")
    without = fit(RECIPE, normalization.apply, "without")
    expected = without.predict_proba(normalization.apply(valid.images))
    np.testing.assert_array_equal(with_it.predict_proba(valid.images), expected)
    accuracies = [[entry["valid_accuracy"] for entry in one.history] for one in (with_it, without)]
    assert accuracies[0] == accuracies[1]


def test_each_epoch_is_reported_and_what_the_report_raises_ends_the_training(rows, tmp_path):
    reported = []

    def stop_after_two(entry):
        reported.append(entry["valid_accuracy"])
        if len(reported) == 2:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        RECIPE.fit(*rows, 7, TrainingContext(tmp_path, report=stop_after_two))
    assert len(reported) == 2

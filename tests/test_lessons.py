"""Cuttings of numbers, from which a student learns what is a digit and what is none."""

import numpy as np
import pytest

from src.app.recognizer import Recognizer
from src.lessons import LESSONS, blur_some, make_cuttings


def test_cuttings_are_what_they_are_called(sample_rows):
    images, labels = (array[:1000] for array in sample_rows)
    cuttings, targets = make_cuttings(images, labels, 0)
    assert cuttings.shape == (round(LESSONS.cuttings * 1000), 28, 28, 1) and cuttings.dtype == np.uint8
    assert targets.dtype == np.float32 and np.allclose(targets.sum(axis=1), 1)
    is_digit = targets.max(axis=1) == 1
    assert (targets[~is_digit] == np.float32(0.1)).all() and 0.3 < is_digit.mean() < 0.6
    proba = Recognizer().predict_proba(cuttings)
    assert (proba.argmax(axis=1) == targets.argmax(axis=1))[is_digit].mean() > 0.9
    assert np.median(proba[is_digit].max(axis=1)) > np.median(proba[~is_digit].max(axis=1))


def test_blurred_images_lose_detail_but_are_the_same_digits(sample_rows):
    images, labels = (array[:1000] for array in sample_rows)
    blurred = blur_some(images, 0)
    changed = (blurred != images).any(axis=(1, 2, 3))
    assert changed.mean() == pytest.approx(LESSONS.blurred, abs=0.05)
    steps = [
        np.abs(np.diff(array[changed].astype(int), axis=1)).max(axis=(1, 2, 3)).mean() for array in (images, blurred)
    ]
    assert steps[1] < 0.8 * steps[0]
    assert (Recognizer().predict_proba(blurred).argmax(axis=1) == labels)[changed].mean() > 0.95


def test_the_same_seed_gives_the_same_cuttings_another_one_others(sample_rows):
    images, labels = (array[:100] for array in sample_rows)
    once, again, other = (make_cuttings(images, labels, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(*pair) for pair in zip(once, again, strict=True))
    assert not np.array_equal(once[0], other[0])

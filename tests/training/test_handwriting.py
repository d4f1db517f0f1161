"""Digits of one hand look alike: stroke width, slant, and the same digit twice."""

import numpy as np
import pytest

from src.training.handwriting import TrainingHands, draw_digits_of_one_hand


def test_training_images_of_a_number_are_alike(sample_rows):
    hands, rng = TrainingHands(*sample_rows), np.random.default_rng(0)
    rows = np.array([hands.choose([7, 1, 4, 1, 7], rng) for _ in range(200)])
    assert (hands.labels[rows] == [7, 1, 4, 1, 7]).all()
    assert (rows[:, 1] == rows[:, 3]).all() and (rows[:, 0] == rows[:, 4]).all()
    assert len(np.unique(rows[:, 0])) > 50
    ranks = hands.ranks[rows]
    of_one_hand, of_others = np.abs(ranks[:, 0] - ranks[:, 1]), np.abs(ranks[:, 0] - np.roll(ranks[:, 1], 1, axis=0))
    assert (of_one_hand.mean(axis=0) < 0.6 * of_others.mean(axis=0)).all()


def test_drawn_digits_of_a_number_are_alike():
    rng = np.random.default_rng(0)
    firsts, seconds = np.array([draw_digits_of_one_hand([7, 7], 30.0, rng) for _ in range(40)]).swapaxes(0, 1)
    assert firsts.shape == (40, 128, 128) and (firsts.max(axis=(1, 2)) > 0.5).all()
    assert (firsts != seconds).any(axis=(1, 2)).all()
    of_one_hand, of_others = np.abs(firsts - seconds).mean(), np.abs(firsts - np.roll(seconds, 1, axis=0)).mean()
    assert of_one_hand < 0.7 * of_others


@pytest.mark.parametrize("height", [8.0, 16.0])
def test_pens_leave_a_pixel_of_ink_in_small_pictures(height):
    rng = np.random.default_rng(0)
    for _ in range(20):
        (one,) = draw_digits_of_one_hand([1], height, rng)
        assert (one > 0.2).any(axis=0).sum() * height / 80 > 0.7

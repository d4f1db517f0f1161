"""Pictures of numbers: ink is found again, and what ruled lines leave is part of it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from src.training.line_pictures import PictureRecipe, take_picture

NO_FAULTS = PictureRecipe(
    erased_line=0, ruled_line=0, thicker=0, blur=0, jpeg=0, binary=0, min_contrast=0.5, max_noise=0
)
HEIGHT = 40.0


@pytest.fixture
def ink():
    canvas = np.zeros((70, 120), np.uint8)
    cv2.line(canvas, (20, 15), (30, 55), 255, 4, cv2.LINE_AA)
    cv2.ellipse(canvas, (80, 35), (15, 20), 0, 0, 360, 255, 4, cv2.LINE_AA)
    return np.asarray(canvas, np.float32) / np.float32(255)


def test_without_faults_the_ink_is_found_as_it_was(ink):
    found = take_picture(NO_FAULTS, ink, HEIGHT, np.random.default_rng(0))
    assert (found[ink == 1] == 1).all() and (found[ink == 0] == 0).all() and np.abs(found - ink).mean() < 0.02


@pytest.mark.parametrize("fault", ["blur", "jpeg", "binary", "thicker"])
def test_faults_leave_the_digits_where_they_were(ink, fault):
    recipe = replace(NO_FAULTS, **{fault: 1.0}, max_noise=0.1)
    pictures = [take_picture(recipe, ink, HEIGHT, np.random.default_rng(seed)) for seed in range(10)]
    assert np.mean([(found != ink).any() for found in pictures]) > 0.5
    for found in pictures:
        assert found.shape == ink.shape and found.min() >= 0 and found.max() <= 1
        assert found[ink == 1].mean() > 0.7 and found[cv2.dilate(ink, np.ones((9, 9), np.uint8)) == 0].mean() < 0.01


def test_ruled_lines_take_ink_or_leave_some(ink):
    for seed in range(10):
        erased, left = (
            take_picture(replace(NO_FAULTS, **{fault: 1.0}), ink, HEIGHT, np.random.default_rng(seed))
            for fault in ("erased_line", "ruled_line")
        )
        assert (erased[ink == 0] == 0).all() and 0.6 * ink.sum() < erased.sum() < 1.1 * ink.sum()
        assert left[ink == 1].min() > 0.9 and left.sum() < 2.5 * ink.sum()

"""Occlusion maps show what a prediction depends on."""

import numpy as np
import pytest

from src.app.vision.recogniser import get_recogniser
from src.app.web.occlusion import compute_occlusion_map, draw_heat_map


def test_the_confidence_falls_most_when_the_brightest_part_is_hidden(sample_rows):
    predict = get_recogniser().predict_proba
    image = sample_rows[0][5]
    importance = compute_occlusion_map(image, predict)
    assert importance.shape == (28, 28)
    assert importance.min() >= 0
    assert importance.max() <= 1
    proba = predict(image[None])[0]

    def hide(y, x):
        hidden = image.copy()
        hidden[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = 0
        return predict(hidden[None])[0][proba.argmax()]

    brightest = np.unravel_index(importance.argmax(), importance.shape)
    assert hide(*brightest) < hide(1, 1) == pytest.approx(proba.max(), abs=1e-3)


def test_each_pixel_has_the_mean_loss_of_the_squares_that_hide_it():
    image = np.full((28, 28, 1), 255, np.uint8)

    def predict(images):
        """The probability of a 1 is 0.8, and 0.3 if the corner is hidden."""
        proba = np.where(images[:, 0, 0, 0] > 0, 0.8, 0.3)
        return np.stack([1 - proba, proba, *[np.zeros(len(images))] * 8], axis=1)

    importance = compute_occlusion_map(image, predict)
    assert importance[0, 0] == pytest.approx(0.5)
    assert importance[0, 2] == pytest.approx(0.25)  # One of the two squares that hide it hides the corner.
    assert importance[5:].max() == importance[:, 5:].max() == 0


def test_heat_maps_are_bright_where_it_matters():
    image, importance = np.zeros((28, 28, 1), np.uint8), np.zeros((28, 28), np.float32)
    importance[10, 20] = 0.5
    drawing = draw_heat_map(image, importance, factor=4)
    assert drawing.shape == (112, 112, 3)
    assert drawing.dtype == np.uint8
    y, x = np.unravel_index(drawing.sum(axis=2).argmax(), drawing.shape[:2])
    assert (y // 4, x // 4) == (10, 20)

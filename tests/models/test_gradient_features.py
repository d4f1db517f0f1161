"""Features of gradients: their directions and places."""

import numpy as np

from src.models.gradient_features import compute_direction_features


def make_step(angle):
    """An image that is bright on the side to which `angle` (degrees, downwards from the right) points."""
    y, x = np.mgrid[:28, :28] - 13.5
    ramp = np.cos(np.deg2rad(angle)) * x + np.sin(np.deg2rad(angle)) * y
    return np.clip(100 + 20 * ramp, 0, 200).astype(np.uint8)


def test_each_direction_has_its_own_features():
    # right, left, down, up, then the diagonals; the gradient points to the bright side
    angles = (0, 180, 90, 270, 45, 315, 135, 225)
    features = compute_direction_features(np.stack([make_step(angle) for angle in angles]).reshape(8, -1))
    assert features.shape == (8, 200) and features.dtype == np.float32
    center = features.reshape(8, 8, 5, 5)[:, :, 2, 2]
    assert (center.argmax(axis=1) == np.arange(8)).all()


def test_features_are_in_the_place_of_the_ink():
    image = np.zeros((28, 28), np.uint8)
    image[1:4, 23:26] = 255
    places = compute_direction_features(image.reshape(1, -1)).reshape(8, 5, 5).sum(axis=0)
    assert np.unravel_index(places.argmax(), places.shape) == (0, 4)


def test_an_empty_image_has_no_features():
    assert not compute_direction_features(np.zeros((1, 784), np.uint8)).any()

"""Geometric distortion, compared with albumentations."""

import albumentations as A
import numpy as np
import pytest

from src.images.warping import find_sources, resample


@pytest.fixture
def images(sample_rows):
    return sample_rows[0][:64]


def test_affine_gives_albumentations_pixels(images):
    rng = np.random.default_rng(0)
    for image in images:
        rotation, zoom, shear = rng.uniform(-15, 15), rng.uniform(0.85, 1.15, 2), rng.uniform(-10, 10, 2)
        shift = rng.integers(-3, 4, 2)
        affine = A.Affine(
            rotate=(rotation, rotation),
            scale={"x": (zoom[0], zoom[0]), "y": (zoom[1], zoom[1])},
            shear={"x": (-shear[0], -shear[0]), "y": (-shear[1], -shear[1])},  # A.Affine turns their sign
            translate_px={"x": (shift[0], shift[0]), "y": (shift[1], shift[1])},
            p=1.0,
        )
        sources = find_sources(np.array([rotation]), zoom[None], shear[None], shift[None]).astype(np.float32)
        distorted = resample(image[None], sources.reshape(1, 2, 28, 28))
        expected = affine(image=image)["image"].astype(int)
        assert abs(distorted[0] - expected).max() <= 1


def test_ink_that_leaves_the_image_is_lost():
    images = np.full((1, 28, 28, 1), 200, np.uint8)
    y, x = np.mgrid[:28, :28].astype(np.float32)
    assert not resample(images, np.stack([x - 5.5, y + 40])[None]).any()
    moved = resample(images, np.stack([x - 5.5, y])[None])[0, :, :, 0]
    np.testing.assert_array_equal(moved[0, :8], [0, 0, 0, 0, 0, 100, 200, 200])

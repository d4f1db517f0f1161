"""Random distortions: as asked for, and seeded by their arguments alone."""

import random

import albumentations as A
import numpy as np
import pytest

from src.images.augmentation import Augmentation, NumpyDraws, augment, draw_displacement

ELASTIC = Augmentation(elastic=0.7)


@pytest.fixture
def images(sample_rows):
    return sample_rows[0][:64]


def test_keeps_shape_and_dtype_and_changes_pixels(images):
    distorted = augment(ELASTIC, images, (0, 0, 0))
    assert distorted.shape == images.shape and distorted.dtype == np.uint8
    assert all((a != b).any() for a, b in zip(images, distorted, strict=True))


def test_elastic_displacement_is_as_strong_and_smooth_as_asked():
    recipe = Augmentation(elastic=0.7, elastic_sigma=4.0, elastic_probability=0.25)
    fields = draw_displacement(recipe, 8000, NumpyDraws(np.random.default_rng(0))).reshape(8000, 2, 28, 28)
    distorted = fields[np.abs(fields).max(axis=(1, 2, 3)) > 0]
    assert len(distorted) / 8000 == pytest.approx(0.25, abs=0.02)
    np.testing.assert_allclose(distorted.std(axis=0), 0.7, rtol=0.1)  # everywhere in the image
    correlation = (distorted[:, :, :, 10] * distorted[:, :, :, 14]).mean() / (distorted[:, :, :, 10] ** 2).mean()
    assert correlation == pytest.approx(np.exp(-(4**2) / (4 * 4.0**2)), abs=0.02)


def test_elastic_is_albumentations_elastic():
    """The same smoothness, and the strength that a comparison with it has (alpha in units of its own)."""
    original = A.ElasticTransform(alpha=34, sigma=4.0, p=1.0)
    original.set_random_state(np.random.default_rng(0), random.Random(0))
    params = [original.get_params_dependent_on_data({"shape": (28, 28)}, {}) for _ in range(2000)]
    fields = np.stack([p["map_x"] for p in params]) - np.arange(28)
    ours = draw_displacement(
        Augmentation(elastic=0.7, elastic_probability=1.0), 2000, NumpyDraws(np.random.default_rng(0))
    )
    ours = ours.reshape(-1, 2, 28, 28)[:, 0]
    inner = slice(8, 20)  # near the edge, albumentations' field is stronger: it pads the noise by repetition
    assert ours[:, inner, inner].std() == pytest.approx(fields[:, inner, inner].std(), rel=0.1)
    for distance in (2, 4, 8):
        a, b = (
            np.corrcoef(field[:, inner, 9].ravel(), field[:, inner, 9 + distance].ravel())[0, 1]
            for field in (ours, fields)
        )
        assert a == pytest.approx(b, abs=0.05)


def test_depends_on_nothing_but_the_seed(images):
    first = augment(ELASTIC, images, (1, 2, 3))
    augment(ELASTIC, images, (9, 9, 9))
    np.testing.assert_array_equal(first, augment(ELASTIC, images, (1, 2, 3)))
    for other in ((0, 2, 3), (1, 0, 3), (1, 2, 0)):
        assert (first != augment(ELASTIC, images, other)).any()


def test_every_image_draws_its_own(images):
    same = np.repeat(images[:1], 20, axis=0)
    distorted = augment(Augmentation(), same, (0,))
    assert len({image.tobytes() for image in distorted}) == 20


def test_some_strokes_become_thicker_and_some_thinner(sample_rows):
    images = sample_rows[0][:1000]
    still = {"rotation": 0, "zoom": 0, "shift": 0, "shear": 0}
    np.testing.assert_array_equal(augment(Augmentation(**still), images, (0,)), images)
    change = augment(Augmentation(**still, stroke_probability=0.4), images, (0,)).astype(int) - images
    thicker, thinner = ((sign * change >= 0).all(axis=(1, 2, 3)) & change.any(axis=(1, 2, 3)) for sign in (1, -1))
    assert thicker.mean() == pytest.approx(0.28, abs=0.04) and thinner.mean() == pytest.approx(0.12, abs=0.03)
    assert (thicker | thinner | ~change.any(axis=(1, 2, 3))).all()

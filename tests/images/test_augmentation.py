"""Distortions and batches: seeded by their arguments alone."""

import random

import albumentations as A
import keras
import numpy as np
import pytest
from keras.src.trainers.data_adapters.py_dataset_adapter import OrderedEnqueuer

from src.images.augmentation import Augmentation, NumpyDraws, augment, draw_displacement
from src.images.test_time_augmentation import View
from src.images.warping import find_sources, resample
from src.training.keras_fit import AugmentedBatches

ELASTIC = Augmentation(elastic=0.7)


@pytest.fixture
def images(sample_rows):
    return sample_rows[0][:64]


def test_keeps_shape_and_dtype_and_changes_pixels(images):
    distorted = augment(ELASTIC, images, (0, 0, 0))
    assert distorted.shape == images.shape and distorted.dtype == np.uint8
    assert all((a != b).any() for a, b in zip(images, distorted, strict=True))


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


def test_views(images):
    np.testing.assert_array_equal(View().distort(images), images)
    turned, back = View(rotation=90).distort(images), View(rotation=-90).distort(images)
    np.testing.assert_array_equal(turned, np.rot90(images, 1, (1, 2)))
    np.testing.assert_array_equal(back, np.rot90(images, -1, (1, 2)))
    larger = View(zoom=1.2).distort(images)
    assert larger.sum() > 1.2 * images.sum()


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


@pytest.mark.parametrize("epoch", [0, 3])
def test_one_and_four_workers_give_the_same_batches(sample_rows, epoch):
    def batches(workers):
        dataset = AugmentedBatches(sample_rows[0][:320], sample_rows[1][:320], 32, ELASTIC, seed=5, workers=workers)
        dataset.start_epoch(epoch)
        enqueuer = OrderedEnqueuer(dataset, workers=workers, max_queue_size=4)
        enqueuer.start()
        source = enqueuer.get()
        made = [next(source) for _ in range(len(dataset))]
        enqueuer.stop()
        return made

    for (images, labels), (other_images, other_labels) in zip(batches(1), batches(4), strict=True):
        np.testing.assert_array_equal(images, other_images)
        np.testing.assert_array_equal(labels, other_labels)


def test_fit_sees_other_pixels_and_another_order_every_epoch(sample_rows):
    """Through a real fit: what the model was given, epoch by epoch."""
    seen = []

    class Spy(AugmentedBatches):
        def __getitem__(self, index):
            batch = super().__getitem__(index)
            seen.append((self.epoch, index, batch))
            return batch

    dataset = Spy(sample_rows[0][:128], sample_rows[1][:128], 32, ELASTIC, seed=1)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, activation="softmax")])
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    model.fit(
        dataset,
        epochs=3,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: dataset.start_epoch(epoch))],
    )
    by_epoch = {epoch: {index: batch for e, index, batch in seen if e == epoch} for epoch in range(3)}
    assert [sorted(batches) for batches in by_epoch.values()] == [[0, 1, 2, 3]] * 3
    pixels = [{image.tobytes() for batch, _ in batches.values() for image in batch} for batches in by_epoch.values()]
    assert all(len(images) == 128 for images in pixels)
    assert not pixels[0] & pixels[1] and not pixels[1] & pixels[2]
    assert by_epoch[0][0][1].tolist() != by_epoch[1][0][1].tolist()


def test_an_epoch_holds_each_row_at_most_once(sample_rows):
    images, labels = sample_rows[0][:100], sample_rows[1][:100]
    dataset = AugmentedBatches(images, labels, 32, None, seed=0)
    made = np.concatenate([dataset[index][0] for index in range(len(dataset))])
    assert len(made) == 96 and len({image.tobytes() for image in made}) == 96

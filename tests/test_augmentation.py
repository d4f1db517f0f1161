"""Distortions and batches: seeded by their arguments alone."""

import random

import albumentations as A
import keras
import numpy as np
import pytest
from keras.src.trainers.data_adapters.py_dataset_adapter import OrderedEnqueuer

from src.augmentation import Augmentation, augment
from src.keras_training import AugmentedBatches

ELASTIC = Augmentation(elastic=34.0)


@pytest.fixture
def images(sample_rows):
    return sample_rows[0][:64]


def test_keeps_shape_and_dtype_and_changes_pixels(images):
    distorted = augment(ELASTIC, images, (0, 0, 0))
    assert distorted.shape == images.shape and distorted.dtype == np.uint8
    assert all((a != b).any() for a, b in zip(images, distorted, strict=True))


def test_affine_shortcut_gives_albumentations_own_pixels(images):
    recipe = Augmentation()
    shortcut = recipe.build_transform()
    (step,) = shortcut.transforms
    names = ("rotate", "scale", "translate_percent", "shear", "fill")
    original = A.Compose([A.Affine(**{name: getattr(step, name) for name in names}, p=1.0)], strict=True)
    for transform in (shortcut, original):
        transform.set_random_state(np.random.default_rng(3), random.Random(3))
    for image in images:
        np.testing.assert_array_equal(shortcut(image=image)["image"], original(image=image)["image"])


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

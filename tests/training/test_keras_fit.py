"""Batches: seeded by their arguments alone, whatever makes them."""

from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from src.images.augmentation import Augmentation
from src.training.keras_fit import AugmentedBatches

ELASTIC = Augmentation(elastic=0.7)


@pytest.mark.parametrize("epoch", [0, 3])
def test_threads_make_the_same_batches_in_any_order(sample_rows, epoch):
    batches = AugmentedBatches(sample_rows[0][:320], sample_rows[1][:320], 32, ELASTIC, seed=5)
    batches.start_epoch(epoch)
    expected = [batches[index] for index in range(len(batches))]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(batches.__getitem__, reversed(range(len(batches)))))
    for (images, labels), (other_images, other_labels) in zip(expected, reversed(made), strict=True):
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

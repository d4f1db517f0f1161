"""Training on the device: the same distortions as on the host, and the same promises, tried with JAX on a CPU."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from src.common.workspace import REPOSITORY
from src.images.augmentation import Augmentation, NumpyDraws, change_strokes, draw_sources
from src.images.warping import resample as resample_on_host
from src.models.classifiers import load_network
from src.training.device_fit import JaxDraws, augment, resample

ELASTIC = Augmentation(elastic=0.7)


def test_the_same_sources_give_the_same_pixels(sample_rows):
    images = sample_rows[0][:200]
    sources = draw_sources(ELASTIC, len(images), NumpyDraws(np.random.default_rng(0))).astype(np.float32)
    on_host = resample_on_host(images, sources).astype(int)
    on_device = np.asarray(resample(jnp.asarray(images), jnp.asarray(sources)))
    assert abs(on_device - on_host).max() <= 1 and (on_device != on_host).mean() < 0.001


def test_strokes_change_as_on_the_host(sample_rows):
    class Drawn:
        def uniform(self, *shape):
            return np.linspace(0, 1, shape[0], dtype=np.float32).reshape(shape)

    images, recipe = sample_rows[0][:50], Augmentation(stroke_probability=0.5)
    on_device = change_strokes(recipe, jnp.asarray(images), Drawn(), jnp)
    np.testing.assert_array_equal(np.asarray(on_device), change_strokes(recipe, images, Drawn()))


def test_ink_that_leaves_the_image_is_lost():
    images = jnp.full((1, 28, 28, 1), 200, jnp.uint8)
    y, x = np.mgrid[:28, :28].astype(np.float32)
    moved = np.asarray(resample(images, jnp.asarray(np.stack([x - 5.5, y + 40]))[None]))
    assert not moved.any()
    moved = np.asarray(resample(images, jnp.asarray(np.stack([x - 5.5, y]))[None]))[0, :, :, 0]
    np.testing.assert_array_equal(moved[0, :8], [0, 0, 0, 0, 0, 100, 200, 200])


@pytest.mark.parametrize("recipe", [Augmentation(), Augmentation(0, 0, 0, 0, elastic=0.7, elastic_probability=0.5)])
def test_sources_have_the_same_distribution(recipe):
    """Mean, spread and the correlation of neighbours, at a few places of the image."""
    num_images = 4000
    on_host = draw_sources(recipe, num_images, NumpyDraws(np.random.default_rng(0)))
    on_device = np.asarray(draw_sources(recipe, num_images, JaxDraws(jax.random.key(0)), jnp))
    assert on_device.dtype == np.float32
    for place in ((2, 3), (14, 14), (25, 9)):
        host, device = on_host[:, :, *place], on_device[:, :, *place]
        np.testing.assert_allclose(device.mean(axis=0), host.mean(axis=0), atol=0.1)
        np.testing.assert_allclose(device.std(axis=0), host.std(axis=0), rtol=0.05, atol=0.01)
        near = place[0], place[1] + 2
        for axis in (0, 1):
            expected, found = (
                np.corrcoef(s[:, axis, *place] - place[1 - axis], s[:, axis, *near] - near[1 - axis])[0, 1]
                for s in (on_host, on_device)
            )
            assert found == pytest.approx(expected, abs=0.03)


def test_each_image_and_each_key_draws_its_own(sample_rows):
    same = jnp.repeat(jnp.asarray(sample_rows[0][:1]), 20, axis=0)
    first, second = (np.asarray(augment(ELASTIC, same, jax.random.key(seed))) for seed in (0, 1))
    assert len({image.tobytes() for image in first}) == 20 and (first != second).any(axis=(1, 2, 3)).all()
    assert first.max() <= 255 and (first == first.round()).all()


TRAINING = """
import sys, pathlib, numpy as np, keras
from src.common.arrays import LabelledImages
from src.images.augmentation import Augmentation
from src.models.networks import tiny_cnn
from src.training import backend
from src.training.keras_fit import Checkpoint
from src.training.keras_trainer import KerasTrainer
from src.training.trainers import TrainingContext
backend.trains_on_device = lambda: True  # as if there were a GPU
directory = pathlib.Path(sys.argv[1])
rows = np.load(directory / "rows.npz")
train, valid = (LabelledImages(rows["images"][part], rows["labels"][part]) for part in (slice(1600), slice(1600, None)))
recipe = KerasTrainer(tiny_cnn, 4, Augmentation(elastic=0.7), 64, 3e-3, mixed_precision=True, ema_momentum=0.9)
whole = recipe.fit(train, valid, 7, TrainingContext(directory / "whole"))
assert keras.config.dtype_policy().name == "float32" and whole.model.dtype_policy.name == "float32"
whole.save(directory / "model.keras")
programs = len(list(directory.glob("**/jax-programs/jit_run_epoch-*-cache")))

save = Checkpoint.save
def interrupt(checkpoint, entry):
    save(checkpoint, entry)
    if len(checkpoint.history) == 2:
        raise KeyboardInterrupt
Checkpoint.save = interrupt
try:
    recipe.fit(train, valid, 7, TrainingContext(directory / "halves"))
    sys.exit("not interrupted")
except KeyboardInterrupt:
    Checkpoint.save = save
resumed = recipe.fit(train, valid, 7, TrainingContext(directory / "halves"))
assert len(resumed.history) == 4
assert len(list(directory.glob("**/jax-programs/jit_run_epoch-*-cache"))) == programs > 0  # compiled once
np.savez(directory / "proba.npz", whole=whole.predict_proba(valid[0]), resumed=resumed.predict_proba(valid[0]),
         losses=[entry["loss"] for entry in whole.history])
"""


@pytest.mark.slow
def test_learns_resumes_with_the_same_bits_and_gives_a_model_for_any_machine(sample_rows, tmp_path):
    images, labels = sample_rows[0][:2000], sample_rows[1][:2000]
    np.savez(tmp_path / "rows.npz", images=images, labels=labels)
    environment = os.environ | {"KERAS_BACKEND": "jax", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", TRAINING, str(tmp_path)]
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    said = np.load(tmp_path / "proba.npz")
    assert (said["whole"].argmax(axis=1) == labels[1600:]).mean() > 0.85
    assert said["losses"][-1] < said["losses"][0] / 2
    np.testing.assert_array_equal(said["resumed"], said["whole"])
    here = load_network(tmp_path / "model.keras").predict_proba(images[1600:])  # on TensorFlow
    np.testing.assert_allclose(here, said["whole"], atol=1e-4)

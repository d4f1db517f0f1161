"""How training images are distorted: the `Augmentation` dataclass and the transform that it describes."""

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import albumentations as A
import cv2
import numpy as np

cv2.setNumThreads(
    0
)  # batches are distorted in worker threads; OpenCV's own pool would only fight the training for cores


class _Affine(A.Affine):
    """The pixels of A.Affine in half of its time: its warp checks each matrix for identity, which never occurs here."""

    def apply(self, img: np.ndarray, matrix: np.ndarray, output_shape: tuple[int, int], **params: object) -> np.ndarray:
        height, width = output_shape
        return cv2.warpAffine(img, matrix[:2], (width, height), flags=self.interpolation, borderValue=self.fill)[
            ..., None
        ]


@dataclass(frozen=True)
class Augmentation:
    """Ranges of the random distortions; every image draws its own. Ink that leaves the image is lost, paper is 0."""

    rotation: float = 12.0  # degrees, both ways
    zoom: float = 0.1  # scale drawn from 1 - zoom .. 1 + zoom, height and width apart
    shift: float = 0.1  # share of the image's side, both ways, each direction apart
    shear: float = 8.0  # degrees, both ways
    elastic: float = 0.0  # strength of the elastic distortion (alpha of albumentations); 0: none
    elastic_sigma: float = 4.0  # pixels: how smooth the elastic distortion is
    elastic_share: float = 0.5  # share of the images that are distorted elastically

    def build_transform(self) -> A.Compose:
        """Build the albumentations pipeline, unseeded; `augment` is the way to use it."""
        steps: list[A.BasicTransform] = [
            _Affine(
                rotate=(-self.rotation, self.rotation),
                scale=(1 - self.zoom, 1 + self.zoom),
                translate_percent=(-self.shift, self.shift),
                shear=(-self.shear, self.shear),
                fill=0,
                p=1.0,
            )
        ]
        if self.elastic > 0:
            steps.append(A.ElasticTransform(alpha=self.elastic, sigma=self.elastic_sigma, fill=0, p=self.elastic_share))
        return A.Compose(steps, strict=True)  # strict: a misspelt argument is an error, not a warning


class _Transforms(threading.local):
    """One pipeline per thread and recipe: a pipeline's random state is not thread-safe."""

    def __init__(self) -> None:
        self.build = lru_cache(Augmentation.build_transform)


_transforms = _Transforms()


def augment(augmentation: Augmentation, images: np.ndarray, seed: Sequence[int]) -> np.ndarray:
    """Distort each image on its own, by random numbers that depend on nothing but `seed`.

    Args:
        images: uint8, shape (n, 28, 28, 1).
        seed: non-negative integers, such as (fold seed, epoch, batch). The same seed gives the same pixels in any
            thread and process, however many of them work.

    Returns:
        uint8, shape (n, 28, 28, 1).
    """
    transform = _transforms.build(augmentation)
    sequence = np.random.SeedSequence(seed)
    # One random state for the whole pipeline: Compose(seed=...) would give every step the same draws.
    transform.set_random_state(np.random.default_rng(sequence), random.Random(int(sequence.generate_state(1)[0])))
    return np.stack([transform(image=image)["image"] for image in images])

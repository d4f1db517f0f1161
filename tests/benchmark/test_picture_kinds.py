"""Synthetic pictures of all kinds depend on their seed alone, and can be recognised."""

import numpy as np
import pytest

from src.app.vision.decoding import MIN_SIDE
from src.benchmark.picture_kinds import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_depend_on_the_seed_alone(sample_rows, kind):
    images = sample_rows[0][:3]
    for i, image in enumerate(images):
        one, again = (KINDS[kind](image, np.random.default_rng(i)) for _ in range(2))
        assert one.dtype == np.uint8 and one.shape[2] == 3 and min(one.shape[:2]) >= MIN_SIDE
        np.testing.assert_array_equal(one, again)


def test_pencil_lines_are_one_pixel_wide(sample_rows):
    picture = KINDS["pencil"](sample_rows[0][0], np.random.default_rng(0))[..., 0]
    background = np.median(picture)
    is_line = picture != background
    assert 360 <= len(picture) <= 640 and set(np.unique(picture)) == {0, 255}
    assert not (is_line[:-2, :-2] & is_line[1:-1, 1:-1] & is_line[2:, 2:] & is_line[:-2, 2:] & is_line[2:, :-2]).any()

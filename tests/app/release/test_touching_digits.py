"""Digits that touch: what the network learns from says where they are, and where it is in the ink."""

import json
from dataclasses import replace

import cv2
import numpy as np
import onnxruntime
import pytest

from src.app.release.touching_digits import TRAINER, ship_strips
from src.data.datasets import load_dataset
from src.images.digit_lines import NONE, STEP, encode_digit_centers, find_digit_centers, make_line_image
from src.training.line_images import WIDTH, make_strips


@pytest.fixture(scope="module")
def lessons(sample_rows):
    return make_strips(*sample_rows, num_strips=300, seed=5)


def test_strips_hold_one_to_three_digits_as_high_as_mnists_or_lower(lessons):
    strips, targets = lessons
    assert strips.dtype == np.uint8 and strips.shape == (300, 28, WIDTH, 1)
    assert targets.dtype == np.float32 and targets.shape == (300, WIDTH // STEP, NONE + 1)
    heights = [np.ptp(np.flatnonzero((strip[..., 0] > 80).any(axis=1))) + 1 for strip in strips]
    assert 0.5 < np.mean(np.array(heights) >= 18) < 0.95 and min(heights) > 3 and max(heights) <= 20
    numbers = [len(find_digit_centers(target)) for target in targets]
    assert [numbers.count(number) > 40 for number in (1, 2, 3)] == [True] * 3 and max(numbers) == 3


def test_most_of_several_digits_touch(lessons):
    strips, targets = lessons
    several = [strip for strip, target in zip(strips, targets, strict=True) if len(find_digit_centers(target)) == 2]
    num_strokes = [cv2.connectedComponents((strip[..., 0] > 80).astype(np.uint8))[0] - 1 for strip in several]
    assert 0.5 < np.mean(np.array(num_strokes) == 1) < 0.95


def test_middles_are_on_their_digits(lessons):
    for strip, target in zip(*lessons, strict=True):
        inked = np.flatnonzero((strip[..., 0] > 20).any(axis=0))
        assert all(inked[0] - 1 <= middle.x <= inked[-1] + 1 for middle in find_digit_centers(target))


def test_no_two_ones_are_called_one(sample_rows):
    images, labels = sample_rows
    strips, targets = make_strips(images[labels == 1], labels[labels == 1], num_strips=200, seed=1)
    num_strokes = [cv2.connectedComponents((strip[..., 0] > 30).astype(np.uint8))[0] - 1 for strip in strips]
    num_digits = [len(find_digit_centers(target)) for target in targets]
    assert num_digits.count(2) > 20
    assert np.mean(np.array(num_strokes) <= num_digits) > 0.98


def test_strips_depend_on_the_seed_alone(sample_rows, lessons):
    again, other = (make_strips(*sample_rows, num_strips=300, seed=seed) for seed in (5, 6))
    np.testing.assert_array_equal(again[0], lessons[0])
    np.testing.assert_array_equal(again[1], lessons[1])
    assert (other[0] != lessons[0]).any()


@pytest.mark.parametrize("label", range(10))
def test_neighbours_and_thin_digits_are_told_apart(label):
    target = encode_digit_centers(WIDTH, [(12.0, 3.0), (16.0, 3.0), (36.0, 18.0)], [1, 1, label])
    middles = find_digit_centers(target)
    assert [int(middle.proba.argmax()) for middle in middles] == [1, 1, label]
    assert [middle.x for middle in middles] == pytest.approx([12, 16, 36], abs=STEP / 2)


def test_columns_of_strip_and_ink_are_those_of_each_other():
    ink = np.zeros((90, 300), np.float32)
    cv2.line(ink, (120, 10), (120, 80), 1.0, 5)
    cv2.line(ink, (200, 10), (200, 80), 1.0, 5)
    strip = make_line_image(ink, 70)
    columns = strip.image[..., 0].astype(float).sum(axis=0)
    left, right = (np.average(np.arange(len(columns)) + 0.5, weights=columns * half) for half in (
        np.arange(len(columns)) < len(columns) / 2, np.arange(len(columns)) >= len(columns) / 2))  # fmt: skip
    assert [strip.to_ink(left), strip.to_ink(right)] == pytest.approx([120.5, 200.5], abs=0.5 / strip.scale)
    assert strip.to_strip(strip.to_ink(7.0)) == pytest.approx(7)
    assert make_line_image(np.zeros((20, 20), np.float32), 20) is None


@pytest.mark.parametrize(("height", "num_rows"), [(20, 20), (40, 20), (80, 10)])
def test_what_is_lower_than_the_digits_around_it_stays_lower(height, num_rows):
    ink = np.zeros((60, 60), np.float32)
    ink[10:50, 10:30] = 1
    rows = np.flatnonzero(make_line_image(ink, height).image[..., 0].any(axis=1))
    assert np.ptp(rows) + 1 == num_rows


def test_the_network_that_is_shipped_says_for_any_width_where_digits_are(small, tmp_path):
    record = ship_strips(load_dataset(small), small, tmp_path, replace(TRAINER, epochs=1), num_strips=200)
    assert json.loads((tmp_path / "strips.json").read_text()) == json.loads(json.dumps(record))
    assert record.num_train_rows < 300 and record["num_bytes"] == (tmp_path / "strips.onnx").stat().st_size
    session = onnxruntime.InferenceSession(tmp_path / "strips.onnx", providers=["CPUExecutionProvider"])
    for width in (28, 72, 200):
        (proba,) = session.run(None, {"pixels": np.zeros((1, 28, width, 1), np.float32)})
        assert proba.shape == (1, width // STEP, NONE + 1)
        np.testing.assert_allclose(proba.sum(axis=-1), 1, atol=1e-5)
    assert not small.release_checkpoint_dir("strips").exists()

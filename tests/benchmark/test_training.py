"""What the benchmark counts, and that it finds what it measures; how fast that is, tests do not ask."""

import pytest

from src.benchmark.training import count_multiply_adds
from src.models.networks import plain_cnn, strided_cnn


def test_multiply_adds_are_those_of_the_publications():
    assert round(count_multiply_adds(strided_cnn()) / 1e6, 1) == 15.2
    by_hand = 28 * 28 * 32 * 25 * (1 + 32) + 14 * 14 * 64 * 9 * (32 + 64) + 7 * 7 * 64 * 256 + 256 * 10
    assert count_multiply_adds(plain_cnn()) == by_hand


@pytest.mark.browser
def test_strokes_are_answered_on_the_page(monkeypatch, small):
    monkeypatch.setattr(stroke, "NUM_STROKES", 2)
    assert stroke.measure_stroke(small)["stroke_ms"] > 0

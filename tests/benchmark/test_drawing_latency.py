"""The benchmark finds on the page what it measures."""

import pytest

from src.benchmark import drawing_latency


@pytest.mark.browser
def test_a_drawing_is_predicted_on_the_page(monkeypatch, small):
    monkeypatch.setattr(drawing_latency, "NUM_DRAWINGS", 2)
    assert drawing_latency.measure_drawing_latency(small)["stroke_ms"] > 0

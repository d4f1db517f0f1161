"""The benchmark of the server gets responses, all of them without error."""

import pytest

from src.benchmark import server


@pytest.mark.slow
def test_the_server_answers_every_request(monkeypatch, small):
    monkeypatch.setattr(server, "_LOAD_SECONDS", 2)
    figures = server.measure_server(small, soak_minutes=0.02)
    assert figures["http_errors"] == 0
    assert figures["http_rps"] > 0
    assert 0 < figures["http_p50_ms"] <= figures["http_p99_ms"]
    assert figures["server_mb"] > figures["soak_growth_mb"]

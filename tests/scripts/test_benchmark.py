"""The command scripts.benchmark."""

import json

import pytest


@pytest.mark.slow
def test_it_prints_one_json_object(small, run_script):
    result = run_script(small, "benchmark")
    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert {"csv_over_pandas", "augmented_over_plain", "fit_peak_fraction", "peak_memory_gb"} <= set(figures)

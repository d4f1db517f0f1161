"""The command scripts.benchmark."""

import json

import pytest


@pytest.mark.slow
def test_it_prints_one_json_object(small, run_script):
    result = run_script(small, "benchmark", "--faults", "0")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["kills"] == 0


@pytest.mark.slow
def test_without_a_gpu_it_says_so(small, run_script):
    result = run_script(small, "benchmark", "--gpu")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: JAX finds no GPU") and result.stderr.count("\n") == 1

"""The command scripts.benchmark."""

import json

import pytest


@pytest.mark.slow
def test_it_prints_one_json_object(small, run_script):
    result = run_script(small, "benchmark", "--faults", "0")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["kills"] == 0

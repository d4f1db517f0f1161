"""Training with KERAS_BACKEND=jax, as on a machine with a GPU."""

import os
import subprocess
import sys

import pytest

from src.common.workspace import REPOSITORY


@pytest.mark.slow
def test_training_is_repeatable_and_resumable_under_jax():
    """The tests of the Keras trainer pass on the other backend too."""
    command = [sys.executable, "-m", "pytest", "-q", "tests/training/test_keras_trainer.py"]
    environment = os.environ | {"KERAS_BACKEND": "jax"}
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout

"""TensorFlow's notes do not reach the terminal; its errors do."""

import subprocess
import sys

import pytest

from src.common.workspace import REPOSITORY


@pytest.mark.slow
def test_a_command_that_loads_tensorflow_prints_nothing_of_its_start():
    code = "import src, tensorflow; print(tensorflow.__spec__.loader.__class__.__name__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert done.stdout == "SourceFileLoader\n"


def test_a_failed_import_shows_what_was_printed(tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os; os.write(2, b'no such library'); raise ImportError('broken')")
    code = f"import src, sys; sys.path.insert(0, {str(tmp_path)!r}); import tensorflow"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 1 and "no such library" in done.stderr and "ImportError: broken" in done.stderr

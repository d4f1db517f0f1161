"""Settings that libraries get before they are imported, and the home directory of those who have none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.common.environment_variables import apply_library_settings
from src.common.workspace import REPOSITORY


@pytest.mark.parametrize("home", ["/", "/no/such/directory", "relative"])
def test_without_a_home_there_is_a_private_one(tmp_path, home):
    code = "import os, src; print(os.environ['HOME']); print(os.environ['GRADIO_TEMP_DIR'])"
    environment = {"HOME": home, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    private = tmp_path / f"digit-recognizer-{os.getuid()}"
    assert done.stdout.splitlines() == [str(private / "home"), str(private / "gradio")], done.stderr
    assert private.stat().st_mode & 0o777 == 0o700 and (private / "home").is_dir()


def test_a_home_that_cannot_be_written_is_still_read_for_credentials(tmp_path, monkeypatch):
    (tmp_path / "home" / ".kaggle").mkdir(parents=True)
    (tmp_path / "home" / ".kaggle" / "kaggle.json").write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # Root can write everywhere.
    apply_library_settings()
    assert Path.home() != tmp_path / "home"
    assert (Path.home() / ".kaggle" / "kaggle.json").read_text() == "{}"


def test_what_the_user_has_set_stays(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    apply_library_settings()
    assert os.environ["KERAS_BACKEND"] == "jax" and os.environ["ORT_DISABLE_TELEMETRY"] == "1"

"""Ways to run a command as users do."""

import importlib
import subprocess
import sys

import pytest

from scripts import run
from src.common.workspace import REPOSITORY


@pytest.fixture
def call(monkeypatch, capfd):
    """Run a command in this process, which saves the seconds that imports take in a new one."""

    def call(workspace, name, *arguments):
        monkeypatch.setenv("DIGITS_WORKSPACE", str(workspace.root))
        monkeypatch.setattr(sys, "argv", [f"scripts/{name}.py", *arguments])
        main = importlib.import_module(f"scripts.{name}").main
        capfd.readouterr()  # What TensorFlow prints while it is imported.
        with pytest.raises(SystemExit) as ended:
            run(main)
        return subprocess.CompletedProcess(sys.argv, ended.value.code, *capfd.readouterr())

    return call


@pytest.fixture
def run_process(offline):
    """Run a shell command in a process of its own, from the repository's root; see `offline`."""

    def run_process(workspace, *command, **settings):
        environment = offline | {"DIGITS_WORKSPACE": str(workspace.root), "DIGITS_PYTHON": sys.executable}
        return subprocess.run(command, cwd=REPOSITORY, env=environment | settings, capture_output=True, text=True)

    return run_process


@pytest.fixture
def run_script(run_process):
    """Run a command in a process of its own; see `run_process`."""

    def run_script(workspace, name, *arguments):
        return run_process(workspace, sys.executable, "-m", f"scripts.{name}", *arguments)

    return run_script

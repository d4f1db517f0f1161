"""The steps of .github/docker/Dockerfile in an empty directory, with the packages of this environment.

The GitHub workflow builds the image itself.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from src.common.workspace import REPOSITORY
from tests.app_server import free_port, wait_for
from tests.conftest import files_below

DOCKER_DIR = REPOSITORY / ".github" / "docker"


@pytest.fixture(scope="module")
def instructions():
    """Instructions of the Dockerfile and their arguments, in order."""
    lines = (DOCKER_DIR / "Dockerfile").read_text().splitlines()
    return [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]


def find(instructions, wanted):
    return [arguments for name, arguments in instructions if name == wanted]


def copy_context(app_dir):
    """Copy what .dockerignore leaves: everything is excluded but some names."""
    _, *names, last = (DOCKER_DIR / "Dockerfile.dockerignore").read_text().split()
    assert last == "**/__pycache__"
    for name in names:
        source, target = REPOSITORY / name.removeprefix("!"), app_dir / name.removeprefix("!")
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)


def test_the_base_is_pinned_the_user_is_not_root_and_the_workflow_builds_it(instructions):
    (base,), (user,) = find(instructions, "FROM"), find(instructions, "USER")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base) and user == "1000:1000"
    workflow = (REPOSITORY / ".github" / "workflows" / "tests.yml").read_text()
    assert "docker build --file .github/docker/Dockerfile" in workflow


@pytest.mark.slow
def test_the_steps_work_in_an_empty_directory(instructions, offline, tmp_path):
    app_dir, workspace_dir, port = tmp_path / "app", tmp_path / "workspace", str(free_port())
    app_dir.mkdir()
    copy_context(app_dir)
    for copied in find(instructions, "COPY"):
        assert all((app_dir / name).exists() for name in copied.split()), copied
    (app_dir / ".venv").symlink_to(sys.prefix)
    before = files_below(app_dir / "src")

    def localize(text):
        return re.sub("/(app|workspace)(?=[/:]|$)", rf"{tmp_path}/\1", text).replace("7860", port)

    (settings,) = find(instructions, "ENV")
    variables = dict(localize(setting).split("=", 1) for setting in settings.split())
    variables["PATH"] = variables["PATH"].replace("$PATH", os.environ["PATH"])
    (command,), (check,) = find(instructions, "CMD"), find(instructions, "HEALTHCHECK")
    command, check = json.loads(command), json.loads(localize(check.partition(" CMD ")[2]))
    options = {"cwd": app_dir, "env": offline | variables | {"PYTHONDONTWRITEBYTECODE": "1"}}

    def run(command):
        return subprocess.run(command, capture_output=True, text=True, **options)

    with subprocess.Popen([*command, "--port", port], **options) as app:
        try:
            wait_for(lambda: run(check).returncode == 0)
        finally:
            app.terminate()
    assert run(check).returncode == 1
    done = run(["bash", "scripts/run_folds.sh", "--sample", "logistic_pca"])
    assert done.returncode == 0, done.stderr
    assert (workspace_dir / "submissions" / "submission.csv").exists()
    assert files_below(app_dir / "src") == before

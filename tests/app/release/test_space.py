"""The Space runs where nothing but its own requirements can be imported."""

import os
import re
import subprocess
import sys
import venv
from importlib.metadata import distribution, version
from pathlib import Path

import pytest
import requests
from packaging.requirements import Requirement

from src.app.release.space import make_space
from src.common.errors import InputError
from src.common.workspace import APP_WEIGHTS_DIR
from tests.app.pictures import PNG
from tests.app_server import free_port, post, wait_for_page
from tests.conftest import files_below, snapshot

CORRECTION = "Is the prediction wrong?"


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A Space. Read only."""
    directory = tmp_path_factory.mktemp("space") / "space"
    make_space(directory)
    return directory


def read_requirements(space):
    return (space / "requirements.txt").read_text().split()


def test_the_space_holds_the_app_and_nothing_that_trains(space):
    files = files_below(space)
    tracked = {f"src/app/weights/{path.name}" for path in APP_WEIGHTS_DIR.iterdir()}
    assert {"README.md", "LICENSE", "app.py", "requirements.txt", "src/app/web/canvas.js", *tracked} <= files
    assert not [name for name in files if name.startswith(("src/training", "src/app/release"))]
    assert "src/models/onnx_files.py" in files
    assert "src/models/classifiers.py" not in files
    front_matter = (space / "README.md").read_text().split("---")[1]
    assert f"sdk_version: {version('gradio')}\n" in front_matter
    assert "app_file: app.py\n" in front_matter


def test_requirements_are_pinned_and_hold_no_training_library(space):
    requirements = read_requirements(space)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in requirements)
    assert not [line for line in requirements if line.startswith(("tensorflow", "keras", "jax", "gradio"))]


def find_needed(requirements):
    """List the names of packages and of everything that they need in turn."""
    found, waiting = set(), [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        for extra in {"", *requirement.extras}:
            if (requirement.name, extra) not in found:
                found.add((requirement.name, extra))
                needed = map(Requirement, distribution(requirement.name).requires or ())
                waiting += [one for one in needed if one.marker is None or one.marker.evaluate({"extra": extra})]
    return {name for name, _ in found}


def make_environment(directory, requirements):
    """Make a virtual environment that shares these packages with the present one, and no others."""
    venv.create(directory, symlinks=True)
    (site_packages,) = directory.glob("lib/python*/site-packages")
    for name in find_needed(requirements):
        files = distribution(name).files
        for top in {Path(file).parts[0] for file in files} - {"..", "__pycache__"}:
            source, target = Path(distribution(name).locate_file(top)), site_packages / top
            if not target.exists():
                target.symlink_to(source)
    return directory / "bin" / "python"


@pytest.mark.slow
def test_the_space_runs_with_its_own_requirements(space, tmp_path, offline):
    python = make_environment(tmp_path / "venv", [*read_requirements(space), f"gradio=={version('gradio')}"])
    assert subprocess.run([python, "-c", "import sklearn"], stderr=subprocess.DEVNULL).returncode == 1
    port = free_port()
    environment = offline | {"GRADIO_SERVER_PORT": str(port), "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen([python, "app.py"], cwd=space, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert any("running on" in line for line in process.stderr)
        url = f"http://127.0.0.1:{port}"
        assert post(url, PNG).json()["digit"] == 2
        assert requests.post(f"{url}/api/read", files={"file": PNG}).json()["text"] == "2"
        wait_for_page(url)
        page = requests.get(url)
        assert "getCoalescedEvents" in page.text  # of canvas.js
        # Strangers neither see nor save corrections.
        assert CORRECTION in (space / "src/app/web/page.py").read_text()
        assert CORRECTION not in page.text
        # Hugging Face shows the page in a frame.
        assert "X-Frame-Options" not in page.headers
        assert page.headers["Content-Security-Policy"].endswith("frame-ancestors https://huggingface.co")
    finally:
        process.terminate()
        process.wait()


def test_a_directory_with_files_is_kept(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="not an empty directory"):
        make_space(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_refuses_with_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "scripts.make_space", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "name a new one" in done.stderr


def test_the_command_writes_the_same_in_any_locale(space, tmp_path):
    """In this one, Python writes files in ASCII unless told otherwise."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "scripts.make_space", str(tmp_path / "é")]
    done = subprocess.run(command, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert snapshot(tmp_path / "é") == snapshot(space)

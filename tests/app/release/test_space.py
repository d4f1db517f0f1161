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
from tests.app.pictures import PNG
from tests.app_server import free_port, post, wait_for_page


def find_needed(requirements):
    """The names of packages, and of all that they need in turn."""
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
    """A virtual environment that shares these packages with the present one, and no others."""
    venv.create(directory, symlinks=True)
    (site_packages,) = directory.glob("lib/python*/site-packages")
    for name in find_needed(requirements):
        files = distribution(name).files
        for top in {Path(file).parts[0] for file in files} - {"..", "__pycache__"}:
            source, target = Path(distribution(name).locate_file(top)), site_packages / top
            if not target.exists():
                target.symlink_to(source)
    return directory / "bin" / "python"


def test_the_space_runs_by_itself(tmp_path):
    space = tmp_path / "space"
    make_space(space)
    front_matter = (space / "README.md").read_text().split("---")[1]
    assert f"sdk_version: {version('gradio')}\n" in front_matter and "app_file: app.py\n" in front_matter
    requirements = (space / "requirements.txt").read_text().split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in requirements)
    assert not any(line.startswith(("tensorflow", "keras", "gradio")) for line in requirements)
    python = make_environment(tmp_path / "venv", [*requirements, f"gradio=={version('gradio')}"])
    assert subprocess.run([python, "-c", "import sklearn"], stderr=subprocess.DEVNULL).returncode == 1
    port = free_port()
    environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "PYTHONPATH": ""}
    process = subprocess.Popen([python, "app.py"], cwd=space, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert any("running on" in line for line in process.stderr)
        url = f"http://127.0.0.1:{port}"
        assert post(url, PNG).json()["digit"] == 2
        assert requests.post(f"{url}/api/read", files={"file": PNG}).json()["text"] == "2"
        wait_for_page(url)
        answer = requests.get(url)
        assert "getCoalescedEvents" in answer.text  # the drawing pad
        assert "Wrong? Tell" not in answer.text  # strangers see nothing of each other
        assert "X-Frame-Options" not in answer.headers  # as Hugging Face shows it in a frame
        assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors https://huggingface.co")
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
    assert done.returncode == 2 and "name a new one" in done.stderr

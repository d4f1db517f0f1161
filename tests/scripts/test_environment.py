"""The environment that scripts/environment.sh makes, with the real venv and pip, but without a network.

The requirements are empty but for uv. It is installed from a local wheel that holds a script in place of the real
program, which records its arguments and fails where the file uv_fails exists.
"""

import hashlib
import os
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from src.common.workspace import REPOSITORY

UV = """#!/bin/sh
echo "$*${UV_NO_CACHE:+ uncached}" >> uv_calls
[ ! -e uv_fails ]
"""
METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: uv\nVersion: 0.1\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "",
}
pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path):
    """A directory with requirements-uv.txt, requirements.txt and the wheel."""
    wheel = tmp_path / "uv-0.1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        script = zipfile.ZipInfo("uv-0.1.data/scripts/uv")
        script.external_attr = 0o100755 << 16  # A regular, executable file.
        archive.writestr(script, UV)
        for name, text in METADATA.items():
            archive.writestr(f"uv-0.1.dist-info/{name}", text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "requirements-uv.txt").write_text(f"uv @ {wheel.as_uri()} --hash=sha256:{digest}\n")
    (tmp_path / "requirements.txt").write_text("# no packages\n")
    return tmp_path


@pytest.fixture
def ensure(project):
    """Call ensure_environment in the directory and print the interpreter that it has chosen."""
    script = f'source {REPOSITORY}/scripts/environment.sh && ensure_environment requirements.txt && echo "$PYTHON"'

    def ensure(**settings):
        environment = {"PATH": os.environ["PATH"], "HOME": str(project), "PIP_NO_INDEX": "1"} | settings
        return subprocess.run(["bash", "-c", script], cwd=project, env=environment, capture_output=True, text=True)

    return ensure


def count_installations(project):
    calls = project / "uv_calls"
    return len(calls.read_text().splitlines()) if calls.exists() else 0


def test_packages_are_installed_once_and_again_when_the_pins_change(project, ensure):
    first, second = ensure(), ensure()
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout == ".venv/bin/python\n"
    assert "installing requirements.txt" in first.stderr and not second.stderr
    assert count_installations(project) == 1
    call = (project / "uv_calls").read_text()
    assert call.startswith("pip install --python .venv/bin/python --require-hashes")
    assert call.endswith("--requirements requirements.txt\n")
    (project / "requirements.txt").write_text("# other pins\n")
    third = ensure(HOME="/nonexistent")
    assert (project / "uv_calls").read_text().endswith(" uncached\n")
    assert third.returncode == 0 and "installing requirements.txt" in third.stderr
    assert count_installations(project) == 2


def test_two_commands_at_once_install_once(project, ensure):
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda _: ensure(), range(2)))
    assert [result.returncode for result in results] == [0, 0]
    assert sum("waiting for another installation" in result.stderr for result in results) == 1
    assert count_installations(project) == 1


def test_a_failed_installation_is_repeated(project, ensure):
    (project / "uv_fails").touch()
    failed = ensure()
    assert failed.returncode == 1 and not failed.stdout
    assert failed.stderr.splitlines()[-1].startswith("error: uv could not install requirements.txt")
    (project / "uv_fails").unlink()
    repeated = ensure()
    assert repeated.returncode == 0 and repeated.stdout == ".venv/bin/python\n"
    assert count_installations(project) == 2


def test_a_given_interpreter_is_used_as_it_is(project, ensure):
    result = ensure(DIGITS_PYTHON="python3")
    assert result.stdout == "python3\n" and not result.stderr
    assert not (project / ".venv").exists()


def test_an_interpreter_that_does_not_exist_is_named(project, ensure):
    result = ensure(DIGITS_PYTHON="no/python")
    assert result.returncode == 2 and result.stderr.startswith("error: DIGITS_PYTHON=no/python is no Python 3.11")

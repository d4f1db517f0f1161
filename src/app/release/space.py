"""Make a Hugging Face Space of the digit reader: a directory that runs there as it is."""

import ast
import shutil
import sys
import tempfile
from collections.abc import Iterable
from importlib.metadata import packages_distributions, version
from pathlib import Path

from src.common.errors import InputError
from src.common.workspace import APP_WEIGHTS_DIR, REPOSITORY

START = REPOSITORY / "scripts" / "app.py"
NEVER_IMPORTED = ("python-multipart", "httptools", "uvloop")
"""Packages that others look for by themselves."""
APP = '''"""Serve the digit reader."""

import os

from scripts.app import serve

if __name__ == "__main__":  # the processes that read pictures import this file as well
    serve("0.0.0.0", int(os.environ.get("GRADIO_SERVER_PORT", 7860)), framed_by="https://huggingface.co")
'''
README = """---
title: Digit reader
emoji: "🔢"
colorFrom: blue
colorTo: indigo
sdk: gradio
sdk_version: {gradio}
python_version: "{python}"
app_file: app.py
pinned: false
license: mit
---

Draw a digit, upload a picture of one or use the camera, and see why it is read as it is; or read a number of several
digits. `POST /api/predict` and `POST /api/read` answer over HTTP, `/docs` describes them.
"""


def make_space(directory: Path) -> None:
    """Write README.md, app.py, requirements.txt, the tracked networks, the modules that the reader needs, and its pad.

    Raises:
        InputError: the directory is there and not empty.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(f"{directory} is not an empty directory; name a new one")
    directory.parent.mkdir(parents=True, exist_ok=True)
    modules = find_modules([START])
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        space = Path(temporary) / "space"
        for path in [*modules, *REPOSITORY.glob("src/app/*.js"), *APP_WEIGHTS_DIR.iterdir(), REPOSITORY / "LICENSE"]:
            target = space / path.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        (space / "app.py").write_text(APP)
        (space / "requirements.txt").write_text("".join(f"{line}\n" for line in find_requirements(modules)))
        python = ".".join(map(str, sys.version_info[:2]))
        (space / "README.md").write_text(README.format(gradio=version("gradio"), python=python))
        space.replace(directory)


def find_modules(paths: Iterable[Path]) -> list[Path]:
    """Of this repository, these modules and all that they import, directly or not, with their packages."""
    found: set[Path] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        if path.parent != REPOSITORY:
            waiting.append(path.parent / "__init__.py")
        for name in find_imports(path):
            parts = name.split(".")
            if parts[0] in ("src", "scripts"):  # of a.b.c, c may be a module or a name in b
                waiting += [
                    file
                    for size in (len(parts), len(parts) - 1)
                    for place in [REPOSITORY.joinpath(*parts[:size])]
                    for file in (place.with_suffix(".py"), place / "__init__.py")
                    if file.exists()
                ]
    return sorted(found)


def find_requirements(modules: Iterable[Path]) -> list[str]:
    """Pins of the packages that modules import, as they are installed here; Gradio comes with the Space itself."""
    names = {name.partition(".")[0] for path in modules for name in find_imports(path)}
    owners = packages_distributions()
    packages = {owners[name][0] for name in names - sys.stdlib_module_names - {"src", "scripts", "gradio"}}
    return sorted(f"{package}=={version(package)}" for package in {*packages, *NEVER_IMPORTED})


def find_imports(path: Path) -> set[str]:
    """Dotted names of everything that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found

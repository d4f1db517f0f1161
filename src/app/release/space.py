"""Make a Hugging Face Space of the app: a directory that runs there as it is."""

import ast
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions, version
from pathlib import Path

from src.common.errors import InputError
from src.common.workspace import APP_WEIGHTS_DIR, REPOSITORY

_ENTRY_POINT = REPOSITORY / "scripts" / "app.py"
_WEB_DIR = REPOSITORY / "src" / "app" / "web"
_LOADED_BY_OTHERS = ("python-multipart", "httptools", "uvloop")
"""Requirements that no module of the app imports: FastAPI loads the first, uvicorn the others."""
_APP = '''"""Serve the digit recogniser."""

import os

from scripts.app import serve

if __name__ == "__main__":  # The app's worker processes import this file too.
    serve("0.0.0.0", int(os.environ.get("GRADIO_SERVER_PORT", 7860)), framed_by="https://huggingface.co")
'''
_README = """---
title: Digit recogniser
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

Recognises handwritten digits. Draw a digit, upload a picture of one or use the camera; the page also shows which parts
of the image decided. It recognises numbers of several digits too. The same is available over HTTP as
`POST /api/predict` and `POST /api/read`, described at `/docs`.
"""


def make_space(directory: Path) -> None:
    """Write README.md, app.py, requirements.txt, the tracked networks, and the modules and web files of the app.

    Args:
        directory: a new or empty directory.

    Raises:
        InputError: the directory exists and is not empty.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputError(f"{directory} is not an empty directory; name a new one")
    directory.parent.mkdir(parents=True, exist_ok=True)
    modules = find_modules([_ENTRY_POINT])
    web_files = [path for path in _WEB_DIR.iterdir() if path.is_file() and path.suffix != ".py"]
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        space = Path(temporary) / "space"
        for path in (*modules, *web_files, *APP_WEIGHTS_DIR.glob("[!.]*"), REPOSITORY / "LICENSE"):
            target = space / path.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        (space / "app.py").write_text(_APP, encoding="utf-8")
        (space / "requirements.txt").write_text("".join(f"{line}\n" for line in find_requirements(modules)))
        python = ".".join(map(str, sys.version_info[:2]))
        readme = _README.format(gradio=version("gradio"), python=python)
        (space / "README.md").write_text(readme, encoding="utf-8")
        space.replace(directory)


def find_modules(paths: Iterable[Path]) -> list[Path]:
    """Find everything in this repository that modules import, directly or not: the modules and their packages.

    The standard library's modulefinder would also follow imports for type checkers, which pull in Keras.

    Args:
        paths: the modules to start from.

    Returns:
        Their files and those that they need, sorted.
    """
    found: set[Path] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        packages = path.parents[: path.parents.index(REPOSITORY)]
        waiting += [package / "__init__.py" for package in packages]
        waiting += [file for name in _find_imports(path) for file in _find_files(name)]
    return sorted(found)


def find_requirements(modules: Iterable[Path]) -> list[str]:
    """List the packages that modules import, pinned to the versions installed here.

    Gradio is left out, as its version is in the README of the Space.
    """
    names = {name.partition(".")[0] for path in modules for name in _find_imports(path)}
    distributions = packages_distributions()
    packages = {distributions[name][0] for name in names - sys.stdlib_module_names - {"src", "scripts", "gradio"}}
    return sorted(f"{package}=={version(package)}" for package in {*packages, *_LOADED_BY_OTHERS})


def _find_imports(path: Path) -> set[str]:
    """Find the dotted names that a file imports, also inside functions, but not those for type checkers alone."""
    found = set()
    for node in _walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from _walk(child)


def _find_files(name: str) -> list[Path]:
    """Find the files of this repository that a dotted name may mean: of a.b.c, c is a module of a.b or a name in it."""
    parts = name.split(".")
    if parts[0] not in ("src", "scripts"):
        return []
    places = (REPOSITORY.joinpath(*parts[:size]) for size in (len(parts), len(parts) - 1))
    files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py"))
    return [file for file in files if file.exists()]

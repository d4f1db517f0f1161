"""The notebook that trains at Kaggle, in Colab or on any machine, with this code in it, and the files to push it."""

import base64
import io
import json
import tarfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

import jupytext

from src.common.competition import SLUG
from src.common.provenance import find_commit
from src.common.workspace import REPOSITORY, Workspace

TITLE = "digit-recognizer-folds"
_ACCELERATOR = "NvidiaTeslaT4"
"""Free of charge."""
_TEMPLATE = Path(__file__).with_name("notebook.template")
_PACKED = {".py", ".sh", ".html"}
_FOR_OTHER_COMMANDS = {"jupytext", "kaggle", "optuna"}
"""Dependencies that the notebook can do without."""


def make_notebook(experiments: Sequence[str], workspace: Workspace | None = None) -> str:
    """Make a Jupyter notebook that trains and blends experiments and shows their errors.

    Args:
        experiments: names; none for the default set of scripts/run_folds.sh.
        workspace: whose folds are used, if it has some; None lets the notebook make its own.

    Returns:
        The contents of an .ipynb file.
    """
    parameters = {
        "EXPERIMENTS": repr(list(experiments)),
        "REQUIREMENTS": repr(_read_requirements()),
        "CODE": f'"""\n{base64.encodebytes(_pack(workspace)).decode()}"""',
    }
    script = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in parameters.items():
        script = script.replace(f"{name} = ...", f"{name} = {value}", 1)
    notebook = jupytext.reads(script, fmt="py:percent")
    return str(jupytext.writes(notebook, fmt="ipynb"))


def write_pushed_files(directory: Path, username: str, experiments: Sequence[str], workspace: Workspace) -> None:
    """Write what `kaggle kernels push` sends: the notebook with the folds, and its metadata.

    Args:
        directory: where the two files go.
        username: of the account that will run it.
        experiments: names; none for the default set of scripts/run_folds.sh.
        workspace: whose folds are sent, if it has some.
    """
    (directory / "notebook.ipynb").write_text(make_notebook(experiments, workspace), encoding="utf-8")
    metadata = {
        "id": f"{username}/{TITLE}",
        "title": TITLE,
        "code_file": "notebook.ipynb",
        "language": "python",
        "kernel_type": "notebook",
        "is_private": True,
        "enable_gpu": True,
        "machine_shape": _ACCELERATOR,
        "enable_internet": True,
        "competition_sources": [SLUG],
        "dataset_sources": [],
        "kernel_sources": [],
        "model_sources": [],
    }
    (directory / "kernel-metadata.json").write_text(json.dumps(metadata, indent=1))


def _read_requirements() -> list[str]:
    """Read what the notebook needs from the dependencies in pyproject.toml."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [str(requirement) for requirement in project["dependencies"] if requirement not in _FOR_OTHER_COMMANDS]


def _pack(workspace: Workspace | None) -> bytes:
    """Pack the code and, below workspace/, the folds as .tar.xz, which is three fifths of the size of a zip."""
    files = {
        str(path.relative_to(REPOSITORY)): path.read_bytes()
        for directory in ("src", "scripts")
        for path in sorted((REPOSITORY / directory).rglob("*"))
        if path.suffix in _PACKED
    }
    files["COMMIT"] = (find_commit() or "").encode()
    for path in (workspace.folds_csv, workspace.folds_json) if workspace else ():
        if path.exists():
            files[f"workspace/folds/{path.name}"] = path.read_bytes()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz") as archive:
        for name, contents in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    return buffer.getvalue()

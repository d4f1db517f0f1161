"""The files of a Kaggle notebook that trains: a script that holds this code and the folds, and its metadata."""

import base64
import io
import json
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from src.common.competition import SLUG
from src.common.provenance import find_commit
from src.common.workspace import REPOSITORY, Workspace

TITLE = "digit-recognizer-folds"
_ACCELERATOR = "NvidiaTeslaT4"
"""Free of charge."""
_TEMPLATE = Path(__file__).with_name("notebook_run.template")


def write_notebook(directory: Path, username: str, experiments: Sequence[str], workspace: Workspace) -> None:
    """Write what `kaggle kernels push` sends: run.py, which holds src/, scripts/ and the folds, and its metadata.

    Args:
        directory: where the two files go.
        username: of the account that will run it.
        experiments: names; none for the default set of scripts/run_folds.sh.
        workspace: whose folds are used; if it has none, the run makes its own.
    """
    parameters = {
        "EXPERIMENTS": list(experiments),
        "REQUIREMENTS": _read_requirements(),
        "CODE": base64.b64encode(_pack(workspace)).decode(),
    }
    script = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in parameters.items():
        script = script.replace(f"{name} = ...", f"{name} = {value!r}", 1)
    (directory / "run.py").write_text(script, encoding="utf-8")
    metadata = {
        "id": f"{username}/{TITLE}",
        "title": TITLE,
        "code_file": "run.py",
        "language": "python",
        "kernel_type": "script",
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
    """Read what training needs: the dependencies in pyproject.toml."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [str(requirement) for requirement in project["dependencies"]]


def _pack(workspace: Workspace) -> bytes:
    """Pack the code and, below workspace/, the folds as a zip."""
    files = {
        str(path.relative_to(REPOSITORY)): path.read_bytes()
        for directory in ("src", "scripts")
        for path in sorted((REPOSITORY / directory).rglob("*"))
        if path.suffix in {".py", ".sh"}
    }
    files["COMMIT"] = (find_commit() or "").encode()
    for path in (workspace.folds_csv, workspace.folds_json):
        if path.exists():
            files[f"workspace/folds/{path.name}"] = path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return buffer.getvalue()

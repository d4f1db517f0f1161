"""A training on Kaggle's own GPU: one generated script that holds this code, and its results brought home."""

import base64
import contextlib
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.common.arrays import fingerprint
from src.common.competition import PAGE, SLUG
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.provenance import find_commit
from src.common.workspace import REPOSITORY, Workspace
from src.data.csv_files import load_test
from src.data.folds import load_folds
from src.kaggle.connection import connect
from src.kaggle.submissions import check_submission
from src.validation.fold_results import (
    FoldResult,
    load_fold_predictions,
    load_fold_records,
    read_fold_predictions,
    save_fold_result,
)

TITLE = "digit-recognizer-folds"
ACCELERATOR = "NvidiaTeslaT4"  # free of charge
TEMPLATE = Path(__file__).with_name("kernel_run.template")
APP_HEADING = "# The exports and the app"
"""In requirements.in."""


def make_kernel(directory: Path, username: str, experiments: Sequence[str], workspace: Workspace) -> str:
    """Write what `kaggle kernels push` sends: run.py, with src/, scripts/ and the folds in it, and its metadata.

    Args:
        experiments: what it trains; none for the default set of scripts/run_folds.sh.
        workspace: if it has folds, they are used there as well.

    Returns:
        The kernel's name at Kaggle, username/title.
    """
    parameters = {
        "EXPERIMENTS": list(experiments),
        "REQUIREMENTS": _list_requirements(),
        "CODE": base64.b64encode(_pack(workspace)).decode(),
    }
    script = TEMPLATE.read_text()
    for name, value in parameters.items():
        script = script.replace(f"{name} = ...", f"{name} = {value!r}", 1)
    (directory / "run.py").write_text(script)
    kernel = f"{username}/{TITLE}"
    metadata = {
        "id": kernel,
        "title": TITLE,
        "code_file": "run.py",
        "language": "python",
        "kernel_type": "script",
        "is_private": True,
        "enable_gpu": True,
        "machine_shape": ACCELERATOR,
        "enable_internet": True,
        "competition_sources": [SLUG],
        "dataset_sources": [],
        "kernel_sources": [],
        "model_sources": [],
    }
    (directory / "kernel-metadata.json").write_text(json.dumps(metadata, indent=1))
    return kernel


def _list_requirements() -> list[str]:
    """What training needs, which is what stands before the app's."""
    lines = (REPOSITORY / "requirements.in").read_text().partition(APP_HEADING)[0].splitlines()
    return [line.split("#")[0].strip() for line in lines if not line.startswith("#")]


def _pack(workspace: Workspace) -> bytes:
    """A zip of the code and, below workspace/, of the folds."""
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


@dataclass(frozen=True)
class KernelStatus:
    """How a run on Kaggle's machines stands."""

    name: str  # QUEUED, RUNNING, COMPLETE, ERROR or CANCEL_...
    failure: str

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen."""
        return self.name not in {"QUEUED", "RUNNING", "NEW_SCRIPT", "CANCEL_REQUESTED"}


def find_username() -> str:
    """The name of the account. Raises InputError as `connect` does."""
    with connect() as api:
        return api.config_values["username"]


def push_kernel(directory: Path) -> str:
    """Send a kernel, run.py and kernel-metadata.json, and start it; returns its page.

    Raises:
        InputError: as `connect`, or Kaggle does not take it.
    """
    with connect() as api:
        answer = api.kernels_push(str(directory))
    if answer.error or not answer.url:
        raise InputError(f"Kaggle did not take the kernel: {answer.error or 'no reason given'}")
    if answer.invalid_competition_sources:
        raise InputError(
            f"Kaggle runs the kernel without the data, so stop it at {answer.url}; accept the rules at {PAGE}/rules, "
            "then send it again"
        )
    return answer.url


def ask_kernel(kernel: str) -> KernelStatus:
    """Ask how the last run of a kernel, username/title, stands. Raises InputError as `connect` does."""
    with connect() as api:
        try:
            answer = api.kernels_status(kernel)
        except ValueError:  # four sentences about leaderboards
            raise InputError(f"Kaggle shows no run of {kernel}; send one: python -m scripts.push_kernel") from None
    return KernelStatus(answer.status.name, answer.failure_message or "")


def fetch_kernel_output(kernel: str, directory: Path) -> None:
    """Download what the last run of a kernel, username/title, left. Raises InputError as `connect` does."""
    with connect() as api, contextlib.redirect_stdout(sys.stderr):
        api.kernels_output(kernel, str(directory), force=True, page_size=100)


def adopt_results(directory: Path, workspace: Workspace) -> int:
    """Save the complete folds below a directory in a workspace, and the submission, as if they had been made here.

    Folds that the workspace has already are left as they are. Returns how many were saved.

    Raises:
        InputError: there are none, or one is damaged or of other data or folds than the workspace's.
    """
    folds, test = load_folds(workspace), fingerprint(load_test(workspace))
    fetched = Workspace(directory)
    names = sorted(path.name for path in fetched.oof_dir.glob("*") if path.is_dir())
    records = [record for name in names for record in load_fold_records(fetched, name, folds.num_folds)]
    if not records:
        raise InputError("the run on Kaggle has left no complete fold; look at its log")
    for record in records:
        load_fold_predictions(fetched, record, folds)  # checks it
        if record.fingerprints["test"] != test:
            raise InputError(f"{record['experiment']} on Kaggle predicted other images than {workspace.test_csv}")
    new = [r for r in records if not workspace.fold_path(r.experiment, r.fold, ".json").exists()]
    results = [_load_result(fetched, record) for record in new]
    has_submission = fetched.submission_csv.exists()
    if has_submission:
        check_submission(fetched.submission_csv, workspace)
    for result in results:  # everything was looked at before the first is saved
        save_fold_result(result, workspace)
    if has_submission:
        for source, target in (
            (fetched.submission_csv, workspace.submission_csv),
            (fetched.submission_json, workspace.submission_json),
        ):
            with atomic_write(target) as temporary:
                shutil.copyfile(source, temporary)
    return len(new)


def _load_result(fetched: Workspace, record: dict[str, Any]) -> FoldResult:
    experiment, fold = record.experiment, record.fold
    files = (fetched.oof_dir / experiment).glob(f"fold_{fold}.*")
    weights = [path for path in files if path.suffix not in {".npz", ".json"}]
    if len(weights) != 1 or weights[0].stat().st_size != record.model_bytes:
        raise InputError(f"the weights of {experiment}, fold {fold}, have not arrived whole from Kaggle")
    return FoldResult(**read_fold_predictions(fetched, experiment, fold), model_path=weights[0], record=record)

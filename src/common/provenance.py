"""Where a result came from: versions, machine, commit."""

import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from src.common.workspace import REPOSITORY

RECORDED_PACKAGES = (
    "keras", "tensorflow", "jax", "numpy", "scikit-learn", "lightgbm", "albumentations", "opencv-python-headless",
)  # fmt: skip


def describe_environment() -> dict[str, Any]:
    """Return python, versions (of packages), processor, threads and commit (of this code)."""
    return {
        "python": platform.python_version(),
        "versions": find_versions(),
        "processor": _find_processor(),
        "threads": count_threads(),
        "commit": find_commit(),
    }


def count_threads() -> int:
    """Threads that a training uses: as many as usable cores, or fewer where the environment says so.

    It does so in TF_NUM_INTRAOP_THREADS, which src/__init__.py sets from OMP_NUM_THREADS.
    """
    return min(len(os.sched_getaffinity(0)), int(os.environ.get("TF_NUM_INTRAOP_THREADS") or sys.maxsize))


def find_versions() -> dict[str, str | None]:
    """The versions of the packages on which results depend; None where one is not installed."""
    return {package: _find_version(package) for package in RECORDED_PACKAGES}


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def find_commit() -> str | None:
    """The commit that is checked out, with '+changes' if files differ from it.

    Outside a git checkout, what the file COMMIT says, which a packed copy of the code carries, or None.
    """
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        packed = REPOSITORY / "COMMIT"
        return packed.read_text() if packed.exists() else None


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()


def _find_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())

"""Where a result comes from: versions of packages, processor, number of threads, commit."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from src.common.workspace import REPOSITORY, find_thread_limit

RECORDED_PACKAGES = (
    "keras", "tensorflow", "jax", "numpy", "scikit-learn", "lightgbm", "albumentations", "opencv-python-headless",
)  # fmt: skip
"""Packages on which results depend."""


def describe_environment() -> dict[str, Any]:
    """Return python, versions (of packages), processor, threads and commit, as `FoldRecord` holds them."""
    return {
        "python": platform.python_version(),
        "versions": find_versions(),
        "processor": _find_processor(),
        "threads": count_threads(),
        "commit": find_commit(),
    }


def count_threads() -> int:
    """Count the threads that training uses: one for each usable core, or fewer if `find_thread_limit` says so."""
    num_cores = len(os.sched_getaffinity(0))
    return min(num_cores, find_thread_limit() or num_cores)


def find_versions() -> dict[str, str | None]:
    """Return the versions of `RECORDED_PACKAGES`; None for a package that is not installed."""
    return {package: _find_version(package) for package in RECORDED_PACKAGES}


def _find_version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def find_commit() -> str | None:
    """Return the commit of this code: 12 hex digits, followed by '+changes' if tracked files differ from it.

    A packed copy of the code has it in the file COMMIT. None if there is neither this file nor a git checkout.
    """
    packed = REPOSITORY / "COMMIT"
    if packed.exists():
        return packed.read_text()
    try:
        if _git("rev-parse", "--show-prefix"):  # The code lies within another repository.
            return None
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "--no-optional-locks", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()


def computes_bfloat16() -> bool:
    """Tell whether this processor computes in bfloat16 in hardware (avx512_bf16 or AMX), as Linux reports it."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.exists() else ""
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _find_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())

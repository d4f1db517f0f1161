"""Errors that a user can fix."""

import difflib
import re
from collections.abc import Iterable

_MISSING_LIBRARY = re.compile(r"((lib[\w.+-]+?)\.so\.?(\d*)[\d.]*): cannot open shared object file")


class InputError(ValueError):
    """A mistake in files, names or flags. Its message is one sentence that names the place and the remedy."""


def suggest(name: str, names: Iterable[str]) -> str:
    """Return '; did you mean ...?' with the closest of `names`, or nothing if none is close."""
    matches = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def describe_missing_library(error: BaseException) -> str | None:
    """Return a sentence if an import failed because the system lacks a library, such as libgomp.so.1; None otherwise.

    The names of Debian's packages follow from those of the files.
    """
    missing = _MISSING_LIBRARY.search(str(error))
    if missing is None or not isinstance(error, OSError | ImportError):
        return None
    file, name, version = missing.groups()
    package = f"{name.lower()}{'-' if name[-1].isdigit() else ''}{version}"
    return f"the system has no {file}, which a library needs; install it (Debian, Ubuntu: apt install {package})"

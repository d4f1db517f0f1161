"""The error that a user can fix."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in files, names or flags. Its message is one sentence that names the place and the remedy."""


def suggest(name: str, names: Iterable[str]) -> str:
    """Return '; did you mean ...?' with the closest of `names`, or nothing if none is close."""
    matches = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""

"""The error that a user can fix."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in files, names or flags. Its message is one sentence that names the place and the remedy."""


def closest_match(name: str, names: Iterable[str]) -> str:
    """Find the name that was probably meant among `names`, which must not be empty."""
    return difflib.get_close_matches(name, list(names), n=1, cutoff=0.0)[0]

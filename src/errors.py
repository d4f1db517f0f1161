"""The error that a user can mend."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A mistake in files, names or flags; its message is one sentence that names the place and the remedy."""


def nearest(name: str, names: Iterable[str]) -> str:
    """The name that was probably meant; of `names`, which is not empty."""
    return difflib.get_close_matches(name, list(names), n=1, cutoff=0.0)[0]

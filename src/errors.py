"""The error that a user can mend."""


class InputError(ValueError):
    """A mistake in files, names or flags; its message is one sentence that names the place and the remedy."""

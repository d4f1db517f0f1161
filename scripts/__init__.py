"""The commands: parse arguments, call the library, print the result. Run from the root: python -m scripts.NAME."""

import errno
import sys
from collections.abc import Callable
from typing import NoReturn

from src.errors import InputError

MENDABLE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR,
    errno.EEXIST, errno.EISDIR,
}  # fmt: skip
"""System errors that lie in the user's disks and directories."""


def run(main: Callable[[], None]) -> NoReturn:
    """Run a command. What a user can mend is one sentence on stderr and exit code 2; Ctrl-C is exit code 130."""
    try:
        main()
    except InputError as error:
        sys.exit(_complain(str(error), 2))
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        place = f" ({error.filename})" if error.filename else ""
        sys.exit(_complain(f"{error.strerror}{place}; nothing finished is lost: mend it and run the command again", 2))
    except KeyboardInterrupt:
        sys.exit(_complain("interrupted; nothing finished is lost: run the same command to go on", 130))
    sys.exit(0)


def _complain(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code

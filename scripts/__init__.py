"""The commands: parse arguments, call the library, print the result. Run from the root: python -m scripts.NAME."""

import errno
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn

from src.common.errors import InputError

MENDABLE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR,
    errno.EEXIST, errno.EISDIR,
}  # fmt: skip
"""System errors that lie in the user's disks and directories."""


INTERRUPTED = "interrupted; nothing finished is lost: run the same command to go on"


def _report_interrupt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Ctrl-C while the libraries are still being imported, before `run` is reached."""
    if issubclass(kind, KeyboardInterrupt):
        _complain(INTERRUPTED, 130)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _report_interrupt


def run(main: Callable[[], None]) -> NoReturn:
    """Run a command. What a user can mend is one sentence on stderr and exit code 2; Ctrl-C is exit code 130."""
    try:
        main()
    except InputError as error:
        sys.exit(_complain(str(error), 2))
    except BrokenPipeError:  # the reader of the output has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        place = f" ({error.filename})" if error.filename else ""
        sys.exit(_complain(f"{error.strerror}{place}; nothing finished is lost: mend it and run the command again", 2))
    except KeyboardInterrupt:
        sys.exit(_complain(INTERRUPTED, 130))
    sys.exit(0)


def _complain(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code

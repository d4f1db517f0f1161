"""The commands: parse arguments, call the library, print the result. Run them from the root: python -m scripts.NAME."""

import errno
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn

from src.common.errors import InputError

_USER_ERRORS = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR,
    errno.EEXIST, errno.EISDIR,
}  # fmt: skip
"""System errors that the user can fix: disks, directories and permissions."""
_INTERRUPTED = "interrupted; nothing finished is lost: run the same command to continue"


def run(main: Callable[[], None]) -> NoReturn:
    """Run a command and exit.

    The exit code is 0 after success, 2 after an error that the user can fix, which is printed as one sentence, and 130
    after Ctrl-C. Other errors keep their traceback.
    """
    try:
        main()
    except InputError as error:
        sys.exit(_print_error(str(error), 2))
    except BrokenPipeError:  # The reader of the output has closed it, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.errno not in _USER_ERRORS:
            raise
        place = f" ({error.filename})" if error.filename else ""
        message = f"{error.strerror}{place}; nothing finished is lost: fix this and run the same command to continue"
        sys.exit(_print_error(message, 2))
    except KeyboardInterrupt:
        sys.exit(_print_error(_INTERRUPTED, 130))
    sys.exit(0)


def _print_error(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _report_interrupt(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print one sentence after Ctrl-C while libraries are still being imported, before `run` is called."""
    if issubclass(kind, KeyboardInterrupt):
        _print_error(_INTERRUPTED, 130)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _report_interrupt

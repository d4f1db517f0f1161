"""The commands: parse arguments, call the library, print the result. Run them from the root: python -m scripts.NAME."""

import argparse
import errno
import math
import os
import signal
import sys
from collections.abc import Callable
from io import TextIOWrapper
from types import TracebackType
from typing import NoReturn

from src.common.errors import InputError, describe_missing_library

_USER_ERRORS = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR,
    errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM, errno.ELOOP,
    errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.ESTALE,
}  # fmt: skip
"""System errors that the user can fix: disks, directories, permissions and limits of the machine."""
_INTERRUPTED = "interrupted; nothing finished is lost: run the same command to continue"


def run(main: Callable[[], None]) -> NoReturn:
    """Run a command and exit.

    The exit code is 0 after success, 2 after an error that the user can fix, which is printed as one sentence, and 130
    after Ctrl-C or SIGTERM, by which `kill`, Slurm and Docker stop a program. Other errors keep their traceback.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal that has no ± shows a question mark.
    try:
        main()
    except BrokenPipeError:  # The reader of the output has closed it, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (Exception, KeyboardInterrupt) as error:
        code = _report(error)
        if code is None:
            raise
        sys.exit(code)
    sys.exit(0)


def parse_positive(text: str) -> float:
    """Parse the value of an option that is a positive number."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number such as 60")
    return number


def _report(error: BaseException) -> int | None:
    """Print one sentence about an error that the user can fix, and return the exit code; None for other errors."""
    if isinstance(error, KeyboardInterrupt):
        return _print_error(_INTERRUPTED, 130)
    message = _explain(error)
    return None if message is None else _print_error(message, 2)


def _explain(error: BaseException) -> str | None:
    """Return a sentence about an error that the user can fix, None for other errors."""
    if isinstance(error, InputError):
        return str(error)
    if isinstance(error, OSError) and error.errno in _USER_ERRORS:
        place = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{place}; nothing finished is lost: fix this and run the same command to continue"
    if isinstance(error, ModuleNotFoundError):
        is_backend = error.name == os.environ.get("KERAS_BACKEND") != "tensorflow"
        remedy = "unset KERAS_BACKEND, or set it to tensorflow" if is_backend else "install those of requirements.txt"
        return f"{sys.executable} has no package {error.name}; {remedy}"
    if "Unable to import backend" in str(error):  # Of Keras.
        return f"{error}; set KERAS_BACKEND to tensorflow or jax, or unset it"
    if "No usable temporary directory" in str(error):  # Of the module tempfile.
        return "no temporary directory can be written, or its disk is full; make room, or set TMPDIR to another"
    return describe_missing_library(error)


def _print_error(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


def _report_early(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print one sentence about an error while libraries are still being imported, before `run` is called."""
    code = _report(error)
    if code is None:
        sys.__excepthook__(kind, error, trace)
    else:
        sys.stderr.flush()
        os._exit(code)  # An exception hook cannot choose the exit code otherwise.


sys.excepthook = _report_early

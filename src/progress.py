"""Progress bars on a terminal; plain lines in a log file. Both go to stderr, results alone go to stdout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_console = Console(stderr=True, highlight=False, soft_wrap=True)
_bars = Progress(
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
    console=_console,
    disable=not _console.is_terminal,
)


def say(line: str) -> None:
    """Print one line of progress, above the bars if there are any."""
    _console.print(line, markup=False)


@contextmanager
def bar(description: str, total: int | None, completed: int = 0) -> Iterator[Callable[[], None]]:
    """Show one bar, below those that are already open, while the block runs; call what it gives after each step.

    Without a total it only shows that something goes on, and since when.

    Where stderr is no terminal nothing is drawn: steps worth a line in a log are for `say`.
    """
    if not _bars.tasks:
        _bars.start()
    task = _bars.add_task(description, total=total, completed=completed)
    try:
        yield lambda: _bars.advance(task)
    finally:
        _bars.remove_task(task)
        if not _bars.tasks:
            _bars.stop()

"""Progress bars on a terminal, plain lines in a log file; both on stderr, as results alone go to stdout.

A worker process shows nothing itself. It sends its lines and bars to the process that started it, which shows them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from uuid import uuid4

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Event = tuple[Any, ...]
"""The name of a method of `_Display`, and its arguments."""


class _Display(Protocol):
    """Shows lines and bars; each bar has a key."""

    def say(self, line: str) -> None: ...

    def open(self, key: str, description: str, total: int | None, completed: int) -> None: ...

    def advance(self, key: str) -> None: ...

    def close(self, key: str) -> None: ...


class _Terminal:
    """Shows lines and bars on stderr of this process."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self.tasks: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        self.console.print(line, markup=False)

    def open(self, key: str, description: str, total: int | None, completed: int) -> None:
        if not self.tasks:
            self.bars.start()
        self.tasks[key] = self.bars.add_task(description, total=total, completed=completed)

    def advance(self, key: str) -> None:
        self.bars.advance(self.tasks[key])

    def close(self, key: str) -> None:
        self.bars.remove_task(self.tasks.pop(key))
        if not self.tasks:
            self.bars.stop()


class _Sender:
    """Sends every line and the outermost bar, under a label, to another process."""

    def __init__(self, send: Callable[[Event], None], label: str):
        self.send, self.label = send, label
        self.keys: list[str] = []

    def say(self, line: str) -> None:
        self.send(("say", line if self.label in line else f"{self.label} {line}"))

    def open(self, key: str, description: str, total: int | None, completed: int) -> None:
        self.keys.append(key)
        if key == self.keys[0]:
            self.send(("open", key, f"{self.label}, {description}", total, completed))

    def advance(self, key: str) -> None:
        if key == self.keys[0]:
            self.send(("advance", key))

    def close(self, key: str) -> None:
        if key == self.keys[0]:
            self.send(("close", key))
        self.keys.remove(key)


_display: _Display = _Terminal()
_remote_keys: set[str] = set()
"""Keys of the bars that other processes have opened."""


def send_to(send: Callable[[Event], None], label: str) -> None:
    """Send all further lines and bars of this process to another one instead of showing them.

    Args:
        send: gets each event; the other process calls `show` with it.
        label: is put before each line and bar.
    """
    global _display  # noqa: PLW0603  A process has one display, as it has one stderr.
    _display = _Sender(send, label)


def show(event: Event) -> None:
    """Show an event that another process has sent."""
    name, *arguments = event
    getattr(_display, name)(*arguments)
    if name == "open":
        _remote_keys.add(arguments[0])
    elif name == "close":
        _remote_keys.remove(arguments[0])


def close_remote_bars() -> None:
    """Remove the bars of processes that have died."""
    while _remote_keys:
        _display.close(_remote_keys.pop())


def say(line: str) -> None:
    """Print one line of progress, above the bars if there are any."""
    _display.say(line)


@contextmanager
def bar(description: str, total: int | None, completed: int = 0) -> Iterator[Callable[[], None]]:
    """Show a bar, below those that are already open, while the block runs.

    Nothing is drawn where stderr is no terminal; use `say` for steps that belong in a log file.

    Args:
        description: is shown before the bar.
        total: number of steps; None if it is unknown.
        completed: number of steps that were done before.

    Yields:
        A function to be called after each step.
    """
    key = uuid4().hex
    _display.open(key, description, total, completed)
    try:
        yield lambda: _display.advance(key)
    finally:
        _display.close(key)


def format_duration(seconds: float) -> str:
    """Write a duration in the unit that suits it: '45 s', '12 min', '3.5 h'."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"

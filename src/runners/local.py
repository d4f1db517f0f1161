"""One task after the other in this process."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def run_local(task: Callable[[Argument], Result], arguments: Iterable[Argument]) -> Iterator[Result]:
    """Give the result of each argument as it is made."""
    yield from map(task, arguments)

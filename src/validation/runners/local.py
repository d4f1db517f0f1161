"""Tasks on this machine: one after the other, or several at once."""

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import Queue
from threading import Thread
from typing import Any, TypeVar

from src.common.errors import InputError
from src.common.progress import close_remote_bars, send_to, show

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent dies


def run_local(task: Callable[[Argument], Result], arguments: Iterable[Argument]) -> Iterator[Result]:
    """Give the result of each argument as it is made, one after the other in this process."""
    yield from map(task, arguments)


def run_processes(task: Callable[[Argument], Result], arguments: Iterable[Argument], num_jobs: int) -> Iterator[Result]:
    """Give results as they are made by so many processes, among which this machine's cores are divided.

    A result depends on the number of threads, so on `num_jobs`, but not on what runs beside it. The processes end with
    this one, however it ends.

    Raises:
        InputError: a process died, as it does when memory runs out.
    """
    context = multiprocessing.get_context("spawn")
    events: Queue[Any] = context.Queue()
    listener = Thread(target=_show_all, args=(events,), daemon=True)
    listener.start()
    others = set(multiprocessing.active_children())
    pending = list(reversed(list(arguments)))
    # The last fold of all gets no more cores than the others: with other threads it would have other bits.
    workers = _start_workers(context, events, divide_cores(num_jobs)[: len(pending)])
    running: dict[Future[Result], ProcessPoolExecutor] = {}
    try:
        free = list(workers)
        while pending or running:
            while pending and free:
                worker = free.pop()
                running[worker.submit(_work, task, pending.pop())] = worker
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                free.append(running.pop(future))
                yield future.result()
    except BrokenProcessPool:
        raise InputError(
            "a training process died, perhaps for want of memory; finished epochs are kept: run the same command "
            "again, or, if it happens again, one with fewer --jobs, which starts unfinished folds anew"
        ) from None
    finally:
        if running:  # something went wrong
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
        for worker in workers:
            worker.shutdown(cancel_futures=True)
        events.cancel_join_thread()  # a process that was killed while it sent something blocks the queue for ever
        events.put(None)
        listener.join(timeout=1)
        close_remote_bars()


def divide_cores(num_parts: int) -> list[set[int]]:
    """Divide the cores that this process may use; where there are too few, parts share some."""
    cores = sorted(os.sched_getaffinity(0))
    size = max(1, len(cores) // num_parts)
    return [{cores[(part * size + i) % len(cores)] for i in range(size)} for part in range(num_parts)]


def _start_workers(context: Any, events: Any, parts: list[set[int]]) -> list[ProcessPoolExecutor]:
    usable = os.sched_getaffinity(0)
    workers = []
    try:
        for cores in parts:
            os.sched_setaffinity(0, cores)  # a new process inherits it, and its libraries start as many threads
            workers.append(ProcessPoolExecutor(1, context, _begin_work, (events,)))
            workers[-1].submit(int)  # starts the process
    finally:
        os.sched_setaffinity(0, usable)
    return workers


_events: Any = None
"""Of a worker process: where its progress goes."""


def _begin_work(events: Any) -> None:
    """Leave Ctrl-C to the parent, and end when it ends: an orphan would write checkpoints beside the next run."""
    global _events
    _events = events
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:  # it has died before that call
        os._exit(1)


def _work(task: Callable[[Argument], Result], argument: Argument) -> Result:
    send_to(_events.put, label=str(argument))
    return task(argument)


def _show_all(events: Any) -> None:
    while (event := events.get()) is not None:
        show(event)

"""Tasks on this machine: one after the other, or several at once.

The processes are started here, one `ProcessPoolExecutor` each: neither joblib nor a single pool can give each process
cores of its own before its libraries start their threads, and the bits of a result depend on the number of threads.
"""

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import connection
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, TypeVar, cast

import joblib

from src.common.errors import InputError
from src.common.progress import close_remote_bars, send_to, show
from src.common.workspace import find_thread_limit

Argument = TypeVar("Argument")
Result = TypeVar("Result")

_MEMORY_PER_JOB = 2 * 2**30  # bytes: 1.2 GB for a fold with the competition's data, and room for other programs
_PR_SET_PDEATHSIG = 1  # Linux: the signal that a process gets when its parent dies


def run_local(task: Callable[[Argument], Result], arguments: Iterable[Argument]) -> Iterator[Result]:
    """Run a task on each argument, one after the other in this process, and yield the results."""
    yield from map(task, arguments)


def run_processes(task: Callable[[Argument], Result], arguments: Iterable[Argument], num_jobs: int) -> Iterator[Result]:
    """Run a task on each argument in `num_jobs` processes, which divide this machine's cores, and yield the results.

    A result depends on the number of threads, so on `num_jobs`, but not on what runs at the same time. The processes
    end with this one, however it ends.

    Args:
        task: a function that can be pickled.
        arguments: are handed out in their order; results come as they finish.
        num_jobs: how many run at once.

    Raises:
        InputError: a process died, as it does when memory runs out, or several cannot start.
    """
    others = set(multiprocessing.active_children())
    pending = list(reversed(list(arguments)))
    # The last task gets no more cores than the others: with more threads its result would have other bits.
    workers, pipes = _start_workers(divide_cores(num_jobs)[: len(pending)])
    listener = Thread(target=_show_all, args=(pipes,), daemon=True)
    listener.start()
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
            "a training process died, perhaps because memory ran out; finished epochs are kept: run the same command "
            "again, or, if it happens again, with fewer --jobs, which starts unfinished folds from the beginning"
        ) from None
    finally:
        if running:  # Something went wrong.
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
        for worker in workers:
            worker.shutdown(cancel_futures=True)
        listener.join()
        close_remote_bars()


def choose_num_jobs(num_tasks: int) -> int:
    """Choose how many tasks run at once: one on each core, as far as there are tasks and memory.

    A small network does not use several cores well: two folds on a core each finish earlier than one after the other.
    Where the user limits the number of threads, it is one task. The answer is the same whenever it is asked for on one
    machine, as the bits of a result depend on it.
    """
    if find_thread_limit() is not None:
        return 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(max(1, min(joblib.cpu_count(), num_tasks, memory // _MEMORY_PER_JOB)))


def divide_cores(num_parts: int) -> list[set[int]]:
    """Divide the cores that this process may use into parts of equal size; if there are too few, parts share cores."""
    cores = sorted(os.sched_getaffinity(0))[: joblib.cpu_count()]  # which knows the quota of a container
    size = max(1, len(cores) // num_parts)
    return [{cores[(part * size + i) % len(cores)] for i in range(size)} for part in range(num_parts)]


def _start_workers(parts: list[set[int]]) -> tuple[list[ProcessPoolExecutor], list[Connection]]:
    """Start one worker for each set of cores; also return the pipes out of which their progress comes."""
    context = multiprocessing.get_context("spawn")
    usable = os.sched_getaffinity(0)
    workers, pipes = [], []
    try:
        for cores in parts:
            os.sched_setaffinity(0, cores)  # A new process inherits it and starts as many threads.
            pipe, worker_end = context.Pipe(duplex=False)
            with worker_end:
                workers.append(ProcessPoolExecutor(1, context, _begin_work, (worker_end,)))
                workers[-1].submit(int)  # Starts the process, which gets a copy of its end of the pipe.
            pipes.append(pipe)
    except OSError as error:
        raise InputError(
            f"several processes cannot start here ({error}), perhaps for want of shared memory (/dev/shm); train in "
            "one: --jobs 1"
        ) from None
    finally:
        os.sched_setaffinity(0, usable)
    return workers, pipes


_pipe: Any = None
"""The pipe into which a worker process sends its progress."""


def _begin_work(pipe: Connection) -> None:
    """Leave Ctrl-C to the parent, and end when it ends: an orphan would write checkpoints beside the next run."""
    global _pipe  # noqa: PLW0603  # An initializer has no other way to pass something to tasks.
    _pipe = pipe
    # Thread pools, of which Keras makes one per epoch, have semaphores. Without this, they have names in the system,
    # and Python warns of those that an interrupted process leaves.
    multiprocessing.set_start_method("fork", force=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    if parent is None or os.getppid() != parent.pid:  # The parent died before that call.
        os._exit(1)


def _work(task: Callable[[Argument], Result], argument: Argument) -> Result:
    send_to(_pipe.send, label=str(argument))
    return task(argument)


def _show_all(pipes: list[Connection]) -> None:
    """Show the progress of worker processes until the last of them ends.

    A pipe for each, as a common queue is blocked for ever by a process that is killed while it writes.
    """
    while pipes:
        for pipe in cast("list[Connection]", connection.wait(pipes)):
            try:
                event = pipe.recv()
            except (EOFError, OSError):  # The process ended, perhaps in the middle of a message.
                pipes.remove(pipe)
            else:
                with suppress(OSError):  # The disk behind stderr is full. Without a reader, the process would wait.
                    show(event)

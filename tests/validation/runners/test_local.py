"""Tasks in processes of their own: cores, errors, and what becomes of the processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from src.common.errors import InputError
from src.common.workspace import REPOSITORY
from src.experiments import EXPERIMENTS
from src.validation import cross_validation
from src.validation.fold_results import load_fold_record
from src.validation.runners.local import choose_num_jobs, divide_cores, run_processes

SMOKE = EXPERIMENTS["smoke"]


@pytest.mark.parametrize("num_jobs", [1, 2, 3, 100])
def test_cores_are_divided_equally(num_jobs):
    usable = os.sched_getaffinity(0)
    parts = divide_cores(num_jobs)
    assert len(parts) == num_jobs and {len(part) for part in parts} == {max(1, len(usable) // num_jobs)}
    assert set().union(*parts) <= usable
    if num_jobs <= len(usable):
        assert sum(map(len, parts)) == len(set().union(*parts))


def test_a_quota_of_cores_is_divided_too(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)  # as in a container
    (only,) = divide_cores(1)
    assert len(only) == 1


def test_there_are_as_many_jobs_as_cores_tasks_and_memory_allow(monkeypatch):
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS", raising=False)
    monkeypatch.setattr("joblib.cpu_count", lambda: 16)
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 8 * 2**30 // 4096}.get)  # 8 GB
    assert [choose_num_jobs(num_tasks) for num_tasks in (1, 3, 15)] == [1, 3, 4]
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    assert choose_num_jobs(15) == 1


@pytest.mark.slow
def test_each_process_has_its_own_cores():
    before = os.sched_getaffinity(0)
    seen = list(run_processes(os.sched_getaffinity, [0] * 4, num_jobs=2))
    assert len(seen) == 4 and {frozenset(cores) for cores in seen} == {frozenset(part) for part in divide_cores(2)}
    assert os.sched_getaffinity(0) == before


@pytest.mark.slow
def test_folds_trained_at_once_have_the_same_bits_as_alone(small, capfd):
    def run_two(task, arguments):
        return run_processes(task, arguments, num_jobs=2)

    cross_validation.run([SMOKE], None, small, run_two)
    err = capfd.readouterr().err
    assert "smoke fold 0:" in err and "smoke fold 1   epoch 1/2" in err
    together = [np.load(small.fold_path("smoke", fold, ".npz"))["test_proba"] for fold in (0, 1)]
    assert load_fold_record(small, "smoke", 0).threads == len(divide_cores(2)[0])
    for fold in (0, 1):
        small.fold_path("smoke", fold, ".json").unlink()
        cross_validation.run([SMOKE], [fold], small, run_two)
    alone = [np.load(small.fold_path("smoke", fold, ".npz"))["test_proba"] for fold in (0, 1)]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.slow
def test_a_process_that_dies_is_reported():
    with pytest.raises(InputError, match="fewer --jobs"):
        list(run_processes(os._exit, [9, 9, 9], num_jobs=2))


def test_a_machine_without_shared_memory_is_one_sentence(monkeypatch):
    def refuse(*arguments):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr("_multiprocessing.SemLock", refuse)
    with pytest.raises(InputError, match=r"\(/dev/shm\); train in one: --jobs 1"):
        list(run_processes(abs, [1], num_jobs=2))


@pytest.mark.slow
def test_processes_do_not_wait_for_ever_where_their_progress_cannot_be_shown():
    code = (
        "from src.common.progress import say; from src.validation.runners import local; "
        "print(len(list(local.run_processes(say, ['long ' * 40_000] * 4, 2))))"  # 200 kB: more than a pipe holds
    )
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=full, text=True
        )
    assert result.stdout == "4\n"


@pytest.mark.slow
def test_an_error_in_a_process_is_the_error_of_the_driver_and_ends_the_others():
    with pytest.raises(TypeError):
        list(run_processes(time.sleep, [100_000, "a while"], num_jobs=2))  # The test would not end with the first one.


@pytest.mark.slow
def test_processes_end_with_a_killed_driver():
    code = "import time; from src.validation.runners import local; list(local.run_processes(time.sleep, [600] * 2, 2))"
    driver = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
    children = Path(f"/proc/{driver.pid}/task/{driver.pid}/children")
    pids = _wait_for(lambda: found if len(found := children.read_text().split()) >= 3 else None)  # and their tracker
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    _wait_for(lambda: not any(_runs(pid) for pid in pids))


@pytest.mark.slow
def test_an_interruption_leaves_no_warning_of_semaphores():
    task = (
        "import time; from multiprocessing.pool import ThreadPool; from src.common.progress import say; "
        "pool = ThreadPool(1); say('begun'); pool.apply(time.sleep, [600])"
    )
    code = (
        "from scripts import run; from src.validation.runners import local; "
        f"run(lambda: list(local.run_processes(exec, [{task!r}], 1)))"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True) as driver:
        next(line for line in driver.stderr if "begun" in line)
        driver.send_signal(signal.SIGTERM)
        _, rest = driver.communicate()
    assert rest.startswith("error: interrupted; ") and rest.count("\n") == 1


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _wait_for(find):
    """Ask again until there is an answer; a test that waits for ever is stopped by who runs it."""
    while not (found := find()):
        os.sched_yield()
    return found

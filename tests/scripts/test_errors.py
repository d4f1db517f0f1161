"""A user's mistake is one sentence on stderr and exit code 2; nothing is written or lost."""

import os
import resource
import socket
import sys

import pytest

from scripts import run
from tests.conftest import files_below, snapshot

MISTAKES = [
    (("train", "smokee"), "did you mean 'smoke'"),
    (("train", "smoke", "--folds", "9"), "the folds 0..1"),
    (("make_folds", "--num-folds", "1"), "choose 2..23"),
    (("make_folds", "--seed", "-1"), "not usable"),
    (("make_folds", "--num-folds", "3"), "use another workspace"),
    (("ensemble",), "no experiment"),
    (("ensemble", "smoke"), "no results of 'smoke'"),
    (("inspect_rows", "300"), "has the rows 0..299"),
    (("inspect_rows", "--wrong-in", "smoke"), "no results of 'smoke'"),
    (("download_data", "--from-zip", "some.zip"), "holds the embedded sample"),
    (("download_data",), "holds the embedded sample, whose missing files --sample writes"),
    (("app", "--port", "65536"), "cannot listen at 127.0.0.1, port 65536"),
    (("app", "--host", "no.such.host.invalid"), "cannot listen at no.such.host.invalid"),
]
WRONG_OPTIONS = [
    (("train", "smoke", "--folds", "one"), "not a list of folds"),
    (("train", "smoke", "--jobs", "0"), "not a whole number"),
    (("train", "smoke", "--jobs-per-gpu", "2"), "--jobs-per-gpu needs --runner ray"),
    (("train", "smoke", "--runner", "ray", "--jobs", "2"), "--jobs needs --runner local"),
    (("inspect_rows", "3", "--label", "4"), "name either rows or conditions"),
    (("inspect_rows",), "name either rows or conditions"),
    (("make_notebook", "smoke"), "must end in .ipynb"),
    (("download_data", "--sample", "--from-zip", "some.zip"), "not allowed with"),
]


def require_mistake(result, expected):
    assert result.returncode == 2
    assert expected in result.stderr and "Traceback" not in result.stderr
    assert not result.stdout


@pytest.mark.parametrize(("command", "expected"), MISTAKES)
def test_a_mistake_is_one_sentence(small, call, command, expected):
    before = snapshot(small.root)
    result = call(small, *command)
    require_mistake(result, expected)
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    assert {name: data for name, data in snapshot(small.root).items() if not name.endswith(".lock")} == before


def test_the_app_names_the_port_that_another_program_uses(small, call):
    with socket.create_server(("127.0.0.1", 0)) as other:
        require_mistake(call(small, "app", "--port", str(other.getsockname()[1])), "in use")


@pytest.mark.parametrize(("command", "expected"), WRONG_OPTIONS)
def test_a_wrong_option_is_explained(small, call, command, expected):
    before = snapshot(small.root)
    require_mistake(call(small, *command), expected)
    assert snapshot(small.root) == before


@pytest.mark.slow
@pytest.mark.parametrize(("command", "expected"), [MISTAKES[0], MISTAKES[4]])
def test_a_process_ends_with_the_same_code(small, run_script, command, expected):
    require_mistake(run_script(small, *command), expected)


def test_a_closed_pipe_ends_the_command_silently(capfd):
    """As in `python -m scripts.evaluate | head -1`."""

    def write_to_closed_pipe():
        raise BrokenPipeError

    kept = os.dup(sys.__stdout__.fileno())
    try:
        with pytest.raises(SystemExit, match="1"):
            run(write_to_closed_pipe)
    finally:
        os.dup2(kept, sys.__stdout__.fileno())
    assert not capfd.readouterr().err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError("libgomp.so.1: cannot open shared object file: No such file"), "apt install libgomp1"),
        (ModuleNotFoundError("No module named 'polars'", name="polars"), "no package polars"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "set TMPDIR"),
        (OSError(24, "Too many open files", "train.csv"), "Too many open files (train.csv)"),
    ],
)
def test_a_fault_of_the_machine_is_one_sentence(capfd, error, sentence):
    def fail():
        raise error

    with pytest.raises(SystemExit, match="2"):
        run(fail)
    err = capfd.readouterr().err
    assert sentence in err and err.startswith("error: ") and err.count("\n") == 1


@pytest.mark.slow
def test_a_fault_of_the_machine_during_imports_is_one_sentence(small, run_process):
    code = "import sys; sys.modules['polars'] = None; import scripts.make_folds"
    require_mistake(run_process(small, sys.executable, "-c", code), "has no package polars")
    command = (sys.executable, "-m", "scripts.train", "smoke")
    require_mistake(run_process(small, *command, KERAS_BACKEND="numpy"), "set KERAS_BACKEND to tensorflow or jax")
    require_mistake(run_process(small, *command, KERAS_BACKEND="torch"), "torch; unset KERAS_BACKEND")


def test_an_error_of_the_program_keeps_its_traceback():
    def fail():
        raise FileNotFoundError(2, "No such file or directory")

    with pytest.raises(FileNotFoundError):
        run(fail)


@pytest.fixture
def full_disk(small):
    """A limit on the size of files: the system refuses to write more, as if the disk were full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_048_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_is_one_sentence_and_loses_nothing(small, full_disk, call):
    for path in small.input_dir.iterdir():
        path.unlink()
    result = call(small, "download_data", "--sample")
    require_mistake(result, "error: File too large")
    assert files_below(small.input_dir) == {"test_labels.csv", "test.csv", "sample_submission.csv"}  # the smaller ones

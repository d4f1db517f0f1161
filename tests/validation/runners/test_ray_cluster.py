"""Folds on Ray: the same results, and nothing lost when a worker dies."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from src.common.errors import InputError
from src.common.workspace import REPOSITORY
from src.experiments import EXPERIMENTS
from src.training.keras_fit import Checkpoint
from src.validation import cross_validation
from src.validation.cross_validation import train_fold
from src.validation.fold_results import load_fold_record
from src.validation.runners.local import run_local, run_processes
from src.validation.runners.ray_cluster import run_ray
from tests.conftest import files_below

pytestmark = pytest.mark.slow  # starting Ray takes seconds

SMOKE = EXPERIMENTS["smoke"]
NUM_CORES = len(os.sched_getaffinity(0))
run_here = partial(run_ray, address=None, cores_per_job=NUM_CORES, jobs_per_gpu=1)


@pytest.fixture(autouse=True)
def one_token(monkeypatch):
    """Let all clusters of this process have the same token: Ray reads it once."""
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)


def load_arrays(workspace, folds=(0, 1)):
    return [np.load(workspace.fold_path("smoke", fold, ".npz"))["test_proba"] for fold in folds]


def test_ray_gives_the_same_results_as_the_local_runner(small, sample_small, tmp_path, capfd):
    cross_validation.run([SMOKE], None, small, run_here)
    err = capfd.readouterr().err
    assert "smoke fold 0:" in err and "smoke fold 1   epoch 2/2" in err
    first, second = sorted((0, 1), key=lambda fold: err.index(f"smoke fold {fold}:"))
    assert err.index(f"smoke fold {first}   epoch 2/2") < err.index(f"smoke fold {second}:")  # each has all cores
    assert load_fold_record(small, "smoke", 0).threads == NUM_CORES
    other = sample_small(tmp_path / "other")
    cross_validation.run([SMOKE], None, other, run_local)
    np.testing.assert_array_equal(load_arrays(small), load_arrays(other))
    assert files_below(small.oof_dir) == files_below(other.oof_dir)


def test_a_fold_whose_worker_dies_goes_on_after_its_last_epoch(small, sample_small, tmp_path, capfd):
    def die_after_an_epoch(task):
        def save_and_die(checkpoint, entry, save=Checkpoint.save):
            save(checkpoint, entry)
            if not (tmp_path / "died").exists():
                (tmp_path / "died").touch()
                os.kill(os.getpid(), signal.SIGKILL)

        Checkpoint.save = save_and_die
        return train_fold(task)

    cross_validation.run([SMOKE], [0], small, lambda train, tasks: run_here(die_after_an_epoch, tasks))
    err = capfd.readouterr().err
    assert (tmp_path / "died").exists() and "epoch 1/2" not in err and err.count("epoch 2/2") == 1
    other = sample_small(tmp_path / "other")
    cross_validation.run([SMOKE], [0], other, run_local)
    np.testing.assert_array_equal(load_arrays(small, [0]), load_arrays(other, [0]))
    assert files_below(small.oof_dir) == files_below(other.oof_dir)


def test_folds_of_a_node_that_dies_are_trained_elsewhere(small, sample_small, tmp_path):
    """Two nodes on this machine, of one core each; the second is killed as soon as it has a fold."""
    from ray.cluster_utils import Cluster

    def die_with_the_node(task):
        import ray

        if ray.get_runtime_context().get_node_id() != head:
            (tmp_path / "died").touch()
            for pid in (os.getppid(), os.getpid()):  # the node's raylet, and this worker of it
                os.kill(pid, signal.SIGKILL)
        return train_fold(task)

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        head = cluster.head_node.node_id
        cluster.add_node(num_cpus=1)
        on_cluster = partial(run_ray, address=cluster.address, cores_per_job=1)
        cross_validation.run([SMOKE], None, small, lambda train, tasks: on_cluster(die_with_the_node, tasks))
    finally:
        cluster.shutdown()
    assert (tmp_path / "died").exists()
    other = sample_small(tmp_path / "other")
    cross_validation.run([SMOKE], None, other, partial(run_processes, num_jobs=NUM_CORES))  # a core each
    np.testing.assert_array_equal(load_arrays(small), load_arrays(other))
    assert files_below(small.oof_dir) == files_below(other.oof_dir)


def test_workers_of_a_cluster_go_by_the_drivers_backend(small, monkeypatch):
    from ray.cluster_utils import Cluster

    def tell(task):
        raise InputError(f"the backend is {os.environ['KERAS_BACKEND']}")

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        monkeypatch.setenv("KERAS_BACKEND", "jax")
        on_cluster = partial(run_ray, address=cluster.address)
        with pytest.raises(InputError, match="the backend is jax"):
            cross_validation.run([SMOKE], [0], small, lambda train, tasks: on_cluster(tell, tasks))
    finally:
        cluster.shutdown()


def test_a_node_with_other_packages_is_named(small, monkeypatch):
    monkeypatch.setattr("src.validation.runners.ray_cluster.find_versions", lambda: {"keras": "0.1"})  # of the driver
    with pytest.raises(InputError, match=r"has keras \d.* instead of 0\.1; make its environment"):
        cross_validation.run([SMOKE], [0], small, run_here)


def test_the_cluster_file_is_one_that_ray_takes():
    import yaml
    from ray.autoscaler._private.util import prepare_config, validate_config

    config = yaml.safe_load((REPOSITORY / "scripts" / "ray_cluster.yaml").read_text())
    validate_config(prepare_config(config))
    assert all("24.04" in node["node_config"]["ImageId"] for node in config["available_node_types"].values())


def test_what_a_killed_driver_has_begun_is_finished_by_the_next(small, sample_small, tmp_path, offline):
    command = [sys.executable, "-m", "scripts.train", "smoke", "--runner", "ray"]
    environment = offline | {"DIGITS_WORKSPACE": str(small.root)}
    with subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.PIPE, text=True) as driver:
        for line in driver.stderr:
            if "epoch 1/2" in line:
                driver.kill()
                break
    assert driver.returncode == -signal.SIGKILL
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr.count("epoch 1/2") <= 1  # of the other fold
    other = sample_small(tmp_path / "other")
    cross_validation.run([SMOKE], None, other, partial(run_processes, num_jobs=NUM_CORES))  # a core each
    np.testing.assert_array_equal(load_arrays(small), load_arrays(other))
    assert files_below(small.oof_dir) == files_below(other.oof_dir)


@pytest.mark.parametrize("error", [InputError("no; try another"), OSError(28, "No space left on device")])
def test_what_fails_in_a_worker_is_the_error_of_the_driver(small, error):
    def refuse(task):
        raise error

    with pytest.raises(type(error), match=r"no; try another|Errno 28"):
        cross_validation.run([SMOKE], [0], small, lambda train, tasks: run_here(refuse, tasks))


def test_a_temporary_directory_with_a_long_path_is_one_sentence(small, tmp_path, monkeypatch):
    """Ray makes sockets there, whose paths have at most 107 bytes."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path / ("x" * 100)))
    with pytest.raises(InputError, match=r"Ray cannot start on this machine \(.* 107 bytes"):
        cross_validation.run([SMOKE], [0], small, run_here)


def test_a_cluster_that_is_not_there_is_named(small):
    with pytest.raises(InputError, match=r"cannot join a Ray cluster at 127\.0\.0\.1:1"):
        cross_validation.run([SMOKE], [0], small, partial(run_here, address="127.0.0.1:1"))


def test_without_ray_the_command_says_how_to_get_it(small):
    code = "import sys; sys.modules['ray'] = None; from scripts.train import main, run; sys.argv += "
    code += "['smoke', '--runner', 'ray']; run(main)"
    environment = os.environ | {"DIGITS_WORKSPACE": str(small.root)}
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert done.returncode == 2 and "requirements-ray.txt" in done.stderr
    assert not list(Path(small.oof_dir).glob("**/*.npz"))

"""Folds on a Ray cluster, or on a Ray that is started on this machine."""

import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.progress import Event, close_remote_bars, send_to, show
from src.common.provenance import find_commit, find_versions
from src.common.workspace import REPOSITORY, make_private_dir
from src.data.datasets import Dataset
from src.validation.fold_results import FoldResult
from src.validation.fold_tasks import FoldTask
from src.validation.runners.nodes import choose_cores, require_versions

Train = Callable[[FoldTask], FoldResult]

NUM_RETRIES = 3  # of a fold whose worker or node died
NOT_SENT = ["/.?*", "/input", "/folds", "/oof", "/submissions", "/tests", "__pycache__"]
"""Parts of the repository that are not sent to the nodes of a cluster (/.* would match the repository itself)."""
BACKEND = "KERAS_BACKEND"  # variable of the driver that its workers take over
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "LOKY_MAX_CPU_COUNT")
"""Variables that tell libraries the number of threads: most of them, TensorFlow, scikit-learn's pools."""


@dataclass(frozen=True)
class Driver:
    """What workers get from the driver."""

    node: str
    versions: dict[str, str | None]  # versions of its packages
    events: Any  # Ray queue for progress events


def run_ray(
    train: Train,
    tasks: Sequence[FoldTask],
    address: str | None = None,
    cores_per_job: int | None = None,
    jobs_per_gpu: int = 1,
) -> Iterator[FoldResult]:
    """Run `train` on each task, on as many workers as the cluster has room for, and yield the results as they finish.

    The images go to Ray's object store once. A fold whose worker or node dies starts again, on this machine after its
    last finished epoch.

    Args:
        train: `train_fold`, or a test's stand-in for it.
        tasks: the folds.
        address: of a cluster; None starts Ray on this machine until the last result.
        cores_per_job: cores and threads of a job; the bits of a result depend on it. None: one, or on GPU nodes a
            job's share of the cores of the smallest node.
        jobs_per_gpu: how many jobs share a GPU.

    Raises:
        InputError: Ray is not installed, there is no such cluster or no room in it, or a fold failed too often.
    """
    ray = _start_ray(address)
    try:
        home = ray.get_runtime_context().get_node_id()
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        has_gpu = any("GPU" in node for node in nodes)
        num_cores = choose_cores(nodes, cores_per_job, jobs_per_gpu)
        remote = ray.remote(_train_remotely).options(
            num_cpus=num_cores,
            num_gpus=1 / jobs_per_gpu if has_gpu else 0,
            max_retries=NUM_RETRIES,
            runtime_env={"env_vars": dict.fromkeys(THREADS, str(num_cores)) | {BACKEND: os.environ[BACKEND]}},
        )
        datasets = {id(task.dataset): task.dataset for task in tasks}
        references = {key: ray.put(dataset) for key, dataset in datasets.items()}
        with _Listener(home) as events:
            driver = Driver(home, find_versions(), events)
            running = {
                remote.remote(train, replace(task, dataset=None), references[id(task.dataset)], driver): task  # type: ignore[arg-type]
                for task in tasks
            }
            while running:
                (done, *_), _ = ray.wait(list(running))
                yield _save_locally(*_get(ray, done), running.pop(done))
    finally:
        ray.shutdown()


def import_ray() -> Any:
    """Import the package, which is optional.

    Raises:
        InputError: it is not installed.
    """
    try:
        import ray
    except ImportError:
        raise InputError("Ray is not installed; install it: .venv/bin/uv pip install -r requirements-ray.txt") from None
    return ray


def _start_ray(address: str | None) -> Any:
    ray = import_ray()
    try:
        if address is None:
            with _home_of_ray():
                ray.init(address="local", include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
            return ray
        if address != "auto":
            host, _, port = address.rpartition(":")
            socket.create_connection((host, int(port)), timeout=10).close()  # Ray itself would retry for minutes.
        ray.init(
            address=address, runtime_env={"working_dir": str(REPOSITORY), "excludes": NOT_SENT}, log_to_driver=False
        )
    except Exception as error:  # Ray raises many kinds.
        reason = (str(error) or type(error).__name__).splitlines()[0]
        if address is None:
            remedy = "mend that (a path that is too long: set TMPDIR), or leave out --runner"
            raise InputError(f"Ray cannot start on this machine ({reason}); {remedy}") from None
        raise InputError(f"cannot join a Ray cluster at {address} ({reason}); start one: ray start --head") from None
    return ray


@contextmanager
def _home_of_ray() -> Iterator[None]:
    """Give the processes of Ray that start in the block a home directory where they find a cluster's description.

    Without it, Ray asks the hosts of three clouds whether it runs there, even if its usage statistics are off. It also
    needs a place for its authentication token.
    """
    home = make_private_dir("ray-home")
    with atomic_write(home / "ray_bootstrap_config.yaml") as temporary:
        temporary.write_text("{}")
    kept = os.path.expanduser("~")  # noqa: PTH111  # Path.home() raises an error if there is none.
    os.environ["HOME"] = str(home)
    try:
        yield
    finally:
        os.environ["HOME"] = kept


class _Listener:
    """Shows the progress of workers; as a context, gives the queue that they send it to, on the driver's node."""

    def __init__(self, home: str):
        from ray.util.queue import Queue
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        here = NodeAffinitySchedulingStrategy(home, soft=False)
        self.events = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
        self.thread = Thread(target=self._show_all, daemon=True)

    def __enter__(self) -> Any:
        self.thread.start()
        return self.events

    def __exit__(self, *error: object) -> None:
        self.events.put(None)
        self.thread.join(timeout=5)
        close_remote_bars()

    def _show_all(self) -> None:
        event: Event
        while (event := self.events.get()) is not None:
            show(event)


def _get(ray: Any, done: Any) -> tuple[FoldResult, bytes]:
    try:
        result: tuple[FoldResult, bytes] = ray.get(done)
        return result
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, InputError):
            raise error.cause from None
        if isinstance(error.cause, OSError):  # Such as a full disk.
            raise error.cause from error
        raise
    except ray.exceptions.RayError as error:
        raise InputError(
            f"a fold failed {1 + NUM_RETRIES} times, perhaps because memory ran out ({type(error).__name__}); run "
            "the same command again, with more --cores-per-job or fewer --jobs-per-gpu if it happens again"
        ) from None


def _train_remotely(train: Train, task: FoldTask, dataset: Dataset, driver: Driver) -> tuple[FoldResult, bytes]:
    """Return the result and the bytes of the model's file; on other nodes than the driver's nothing else is kept."""
    import ray

    require_versions(driver.versions)
    # Not events.put, which waits: while a task waits, Ray gives its cores to another one.
    send_to(driver.events.actor.put.remote, label=str(task))
    with tempfile.TemporaryDirectory() as directory:
        if ray.get_runtime_context().get_node_id() != driver.node:
            task = replace(task, checkpoint_dir=Path(directory) / task.checkpoint_dir.name)
        result = train(replace(task, dataset=dataset))
        return result, result.model_path.read_bytes()


def _save_locally(result: FoldResult, model: bytes, task: FoldTask) -> FoldResult:
    path = task.checkpoint_dir / result.model_path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)
    # The nodes have the code without its git history.
    return replace(result, model_path=path, record=replace(result.record, commit=find_commit()))

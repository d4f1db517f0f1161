"""What the nodes of a Ray cluster have: cores and versions of packages."""

import socket
from collections.abc import Sequence

from src.common.errors import InputError
from src.common.provenance import find_versions


def choose_cores(nodes: Sequence[dict[str, float]], cores_per_job: int | None, jobs_per_gpu: int) -> int:
    """Choose how many cores, and so threads, a job gets.

    Args:
        nodes: Ray's resources of each living node, CPU and, if it has one, GPU. If some nodes have GPUs, the others get
            no jobs.
        cores_per_job: what the user asked for; None for one core, or for the smallest share of the cores that belongs
            to a job on a GPU.
        jobs_per_gpu: how many jobs share a GPU.

    Raises:
        InputError: no node has so many cores, or any.
    """
    with_gpu = [node for node in nodes if "GPU" in node]
    usable = with_gpu or nodes
    if cores_per_job is None:
        shares = [int(node.get("CPU", 0) // max(1, node["GPU"] * jobs_per_gpu)) for node in with_gpu]
        cores_per_job = min((share for share in shares if share), default=1)
    largest = int(max(node.get("CPU", 0) for node in usable))
    if largest == 0:
        raise InputError("no node of the cluster offers a core; start one without --num-cpus 0")
    if cores_per_job > largest:
        raise InputError(f"no node has {cores_per_job} cores; the largest has {largest}: --cores-per-job {largest}")
    return cores_per_job


def require_versions(versions: dict[str, str | None]) -> None:
    """Check that this node has the driver's versions of the packages that the driver has.

    Raises:
        InputError: it has others.
    """
    here = find_versions()
    others = [
        f"{name} {here[name]} instead of {version}"
        for name, version in versions.items()
        if version not in (None, here[name])
    ]
    if others:
        raise InputError(
            f"the node {socket.gethostname()} has {', '.join(others)}; make its environment from this requirements.txt"
        )

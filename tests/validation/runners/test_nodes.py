"""Cores of a job on a cluster, from what its nodes have."""

import pytest

from src.common.errors import InputError
from src.validation.runners.nodes import choose_cores


@pytest.mark.parametrize(
    ("nodes", "jobs_per_gpu", "cores"),
    [
        ([{"CPU": 16.0}, {"CPU": 4.0}], 1, 1),  # without GPUs, one job on each core
        ([{"CPU": 16.0}, {"CPU": 8.0, "GPU": 1.0}], 1, 8),  # the first has no GPU
        ([{"CPU": 16.0, "GPU": 2.0}], 2, 4),
        ([{"CPU": 2.0, "GPU": 8.0}], 1, 1),
        ([{"CPU": 16.0, "GPU": 1.0}, {"CPU": 4.0, "GPU": 1.0}], 1, 4),  # both have room for a job
        ([{"memory": 1.0}, {"CPU": 2.0, "GPU": 1.0}], 1, 2),  # the first is only a driver
    ],
)
def test_each_node_that_can_has_room_for_a_job(nodes, jobs_per_gpu, cores):
    assert choose_cores(nodes, None, jobs_per_gpu) == cores


def test_more_cores_than_any_usable_node_has_are_refused():
    nodes = [{"CPU": 16.0}, {"CPU": 8.0, "GPU": 1.0}]
    assert choose_cores(nodes, 8, 1) == 8
    with pytest.raises(InputError, match="no node has 9 cores; the largest has 8: --cores-per-job 8"):
        choose_cores(nodes, 9, 1)

"""What the benchmark of training counts."""

import pytest

from src.benchmark.training import count_multiply_adds, measure_training
from src.experiments import EXPERIMENTS
from src.models.networks import plain_cnn, strided_cnn


def test_multiply_adds_are_those_of_the_publications():
    assert round(count_multiply_adds(strided_cnn()) / 1e6, 1) == 15.2
    by_hand = 28 * 28 * 32 * 25 * (1 + 32) + 14 * 14 * 64 * 9 * (32 + 64) + 7 * 7 * 64 * 256 + 256 * 10
    assert count_multiply_adds(plain_cnn()) == by_hand


@pytest.mark.slow
def test_speeds_are_those_of_all_processes_together(small):
    figures = measure_training(small, [EXPERIMENTS["smoke"]], num_repeats=1, num_batches=2)
    (speeds,) = figures["networks"].values()
    assert speeds["speedup"] == pytest.approx(speeds["ours"] / speeds["keras"], rel=0.1)
    assert min(figures[name] for name in ("csv_over_pandas", "augmented_over_plain", "peak_memory_gb")) > 0

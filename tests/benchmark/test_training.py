"""What the benchmark of training counts."""

import pytest

from src.benchmark.training import count_multiply_adds, measure_training
from src.models.networks import plain_cnn, strided_cnn


def test_multiply_adds_are_those_of_the_publications():
    assert round(count_multiply_adds(strided_cnn()) / 1e6, 1) == 15.2
    by_hand = 28 * 28 * 32 * 25 * (1 + 32) + 14 * 14 * 64 * 9 * (32 + 64) + 7 * 7 * 64 * 256 + 256 * 10
    assert count_multiply_adds(plain_cnn()) == by_hand


@pytest.mark.slow
def test_speeds_are_those_of_all_processes_together(small):
    figures = measure_training(small, num_repeats=1, num_batches=2)
    assert set(figures["networks"]) == {"strided", "residual", "large_kernel"}
    for speeds in figures["networks"].values():
        assert speeds["speedup"] == pytest.approx(speeds["ours"] / speeds["keras"], rel=0.1)
    assert 0 < figures["fit_peak_fraction"] < 1 and figures["augmented_over_plain"] > 0
    assert figures["csv_over_pandas"] > 0 and figures["peak_memory_gb"] > 0

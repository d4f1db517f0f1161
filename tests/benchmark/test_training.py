"""What the benchmark of training counts."""

from src.benchmark.training import count_multiply_adds
from src.models.networks import plain_cnn, strided_cnn


def test_multiply_adds_are_those_of_the_publications():
    assert round(count_multiply_adds(strided_cnn()) / 1e6, 1) == 15.2
    by_hand = 28 * 28 * 32 * 25 * (1 + 32) + 14 * 14 * 64 * 9 * (32 + 64) + 7 * 7 * 64 * 256 + 256 * 10
    assert count_multiply_adds(plain_cnn()) == by_hand

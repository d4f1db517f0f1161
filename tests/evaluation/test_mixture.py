"""Mixtures of logits and their weights."""

import numpy as np
import pytest

from src.common.metrics import log_loss
from src.evaluation.mixture import choose_weights, mix, mix_nested


@pytest.fixture(scope="module")
def made_up():
    """Probabilities of two experiments, (2, 300, 10), labels and two folds."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, 300)
    proba = (rng.dirichlet(np.ones(10), (2, 300)) + 0.2 * np.eye(10)[labels]) / 1.2
    return proba, labels, rng.integers(0, 2, 300)


def test_a_mixture_has_the_weighted_sum_of_the_logits():
    proba = np.array([[[0.8, 0.2]], [[0.5, 0.5]]])
    np.testing.assert_allclose(mix(np.array([0.5, 0.5]), proba), [[2 / 3, 1 / 3]])
    np.testing.assert_allclose(mix(np.array([2.0, 0.0]), proba), [[16 / 17, 1 / 17]])


def test_chosen_weights_minimise_the_log_loss(made_up):
    proba, labels, _ = made_up
    chosen = choose_weights(proba, labels)
    assert (chosen > 0).all()
    for step in ([0.05, 0], [-0.05, 0], [0, 0.05], [0, -0.05]):
        assert log_loss(labels, mix(chosen, proba)) < log_loss(labels, mix(chosen + step, proba))


def test_the_weights_for_a_fold_are_chosen_on_the_other_folds(made_up):
    proba, labels, assignment = made_up
    mixed = mix_nested(proba, labels, assignment)
    for fold in (0, 1):
        inside = assignment == fold
        weights = choose_weights(proba[:, ~inside], labels[~inside])
        np.testing.assert_allclose(mixed[inside], mix(weights, proba[:, inside]))

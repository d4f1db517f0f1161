"""Temperature scaling."""

import numpy as np
import pytest

from src.evaluation.calibration import MAX_TEMPERATURE, find_temperature, scale_nested
from src.evaluation.mixture import mix


@pytest.fixture(scope="module")
def overconfident():
    """Calibrated probabilities, labels drawn from them, the same probabilities made too confident, and two folds."""
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.full(10, 0.3), 20_000)
    labels = (proba.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    return proba, labels, mix(np.array([2.0]), proba[np.newaxis]), rng.integers(0, 2, 20_000)


def test_the_temperature_undoes_a_wrong_confidence(overconfident):
    proba, labels, too_confident, assignment = overconfident
    assert find_temperature(too_confident, labels) == pytest.approx(2, rel=0.05)
    np.testing.assert_allclose(scale_nested(too_confident, labels, assignment), proba, atol=0.05)


def test_the_temperature_of_a_fold_is_found_on_the_other_folds(overconfident):
    _, labels, too_confident, assignment = overconfident
    inside = assignment == 0
    temperature = find_temperature(too_confident[~inside], labels[~inside])
    expected = mix(np.array([1 / temperature]), too_confident[np.newaxis, inside])
    np.testing.assert_allclose(scale_nested(too_confident, labels, assignment)[inside], expected)


def test_predictions_worse_than_chance_have_the_largest_temperature(overconfident):
    proba, labels, *_ = overconfident
    assert find_temperature(proba, (labels + 1) % 10) == MAX_TEMPERATURE

"""Temperature scaling."""

import numpy as np
import pytest

from src.evaluation.calibration import find_temperature, scale, scale_nested


@pytest.fixture(scope="module")
def overconfident():
    """Calibrated probabilities, labels drawn from them, the same probabilities made too confident, and two folds."""
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.full(10, 0.3), 20_000)
    labels = (proba.cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    return proba, labels, scale(proba, 0.5), rng.integers(0, 2, 20_000)


def test_the_temperature_undoes_a_wrong_confidence(overconfident):
    proba, labels, too_confident, assignment = overconfident
    assert find_temperature(too_confident, labels) == pytest.approx(2, rel=0.05)
    np.testing.assert_allclose(scale_nested(too_confident, labels, assignment), scale(proba, 1.0), atol=0.05)


def test_the_temperature_of_a_fold_is_found_on_the_other_folds(overconfident):
    _, labels, too_confident, assignment = overconfident
    inside = assignment == 0
    expected = scale(too_confident[inside], find_temperature(too_confident[~inside], labels[~inside]))
    np.testing.assert_array_equal(scale_nested(too_confident, labels, assignment)[inside], expected)

"""Label issues: wrong labels that were put in are ranked first."""

import numpy as np

from src.evaluation.label_issues import rank_label_issues


def test_confident_contradictions_come_before_unsure_rows():
    labels = np.array([0] * 50 + [1] * 50)
    proba = np.full((100, 10), 0.01)
    proba[np.arange(100), labels] = 0.91
    proba[7] = proba[60]  # predicted as any other one
    proba[8, [0, 1]] = 0.45, 0.47  # nearly undecided
    proba[9, [0, 1]] = 0.47, 0.45
    assert rank_label_issues(labels, proba)[:3].tolist() == [7, 8, 9]


def test_flipped_labels_come_before_a_models_own_unsure_mistakes():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 10, 4000)
    predicted, sharpness = truth.copy(), rng.uniform(0.8, 1, (4000, 1))
    mistaken = rng.choice(4000, 120, replace=False)
    predicted[mistaken] = (predicted[mistaken] + 1) % 10
    sharpness[mistaken] = rng.uniform(0.2, 0.6, (120, 1))
    proba = (1 - sharpness) / 10 + sharpness * np.eye(10)[predicted]
    flipped = rng.choice(np.setdiff1d(np.arange(4000), mistaken), 40, replace=False)
    labels = truth.copy()
    labels[flipped] = (labels[flipped] + rng.integers(1, 10, 40)) % 10
    assert len(set(rank_label_issues(labels, proba)[:40]) & set(flipped)) >= 34

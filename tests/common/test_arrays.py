"""Fingerprints of arrays."""

import numpy as np

from src.common.arrays import fingerprint


def test_a_fingerprint_depends_on_the_contents_only():
    zeros = np.zeros((2, 3), np.uint8)
    assert fingerprint(zeros) == fingerprint(zeros.copy()) == fingerprint(np.asfortranarray(zeros))
    changed = zeros.copy()
    changed[1, 2] = 1
    assert fingerprint(changed) != fingerprint(zeros)

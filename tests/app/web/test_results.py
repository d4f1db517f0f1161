"""How the page shows predictions."""

import numpy as np

from src.app.vision.recogniser import NumberPrediction
from src.app.web.results import NO_DIGIT, UNREAD, enlarge, show_number


def test_enlarged_pixels_are_squares():
    image = np.array([[1, 2], [3, 4]], np.uint8)[..., None]
    np.testing.assert_array_equal(enlarge(image, 2), [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])


def test_ink_of_which_nothing_was_read_is_marked():
    picture = np.full((100, 80, 3), 255, np.uint8)
    results = show_number(NumberPrediction([], 0.0, [(30, 20, 60, 70)]), picture)
    assert NO_DIGIT in results.message and UNREAD in results.message and not results.probabilities
    assert (results.explanation[18:72, 28:62] != 255).any() and (results.explanation[:, :25] == 255).all()

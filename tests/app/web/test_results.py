"""How the page shows predictions."""

import numpy as np

from src.app.web.results import enlarge


def test_enlarged_pixels_are_squares():
    image = np.array([[1, 2], [3, 4]], np.uint8)[..., None]
    np.testing.assert_array_equal(enlarge(image, 2), [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])

"""Find pairs of images that are identical or nearly identical."""

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import radius_neighbors_graph

from src.common.arrays import Images
from src.common.competition import IMAGE_SIDE, NUM_PIXELS

MAX_RMS_DIFFERENCE = 12.0
"""Grey levels (of 255): images whose root mean square pixel difference is at most this are near duplicates. Among the
42,000 training images, the closest two images of different digits differ by 15."""
_CELL = 4  # pixels: side of the cells whose means are compared first
_CHUNK = 10_000  # pairs that are compared at once: bounds the memory


def find_near_duplicates(
    images: Images, limit: float = MAX_RMS_DIFFERENCE
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Find all pairs of images whose root mean square pixel difference is at most `limit`.

    Args:
        images: uint8 (n, 28, 28, 1).
        limit: grey levels.

    Returns:
        Row numbers of the pairs, int64 (p, 2), the smaller number first, sorted; and the differences in grey levels,
        float64 (p,), 0 for identical images.
    """
    pixels = images.reshape(len(images), NUM_PIXELS).astype(np.float32)
    candidates = _find_candidates(pixels, limit * NUM_PIXELS**0.5)
    differences = np.empty(len(candidates))
    for start in range(0, len(candidates), _CHUNK):
        first, second = pixels[candidates[start : start + _CHUNK].T]
        differences[start : start + _CHUNK] = ((first - second) ** 2).mean(axis=1, dtype=np.float64) ** 0.5
    pairs, differences = candidates[differences <= limit], differences[differences <= limit]
    order = np.lexsort(pairs.T[::-1])
    return pairs[order], differences[order]


def _find_candidates(pixels: npt.NDArray[np.float32], radius: float) -> npt.NDArray[np.int64]:
    """Find pairs that may be at most `radius` apart, int64 (p, 2), from the means of cells of 4x4 pixels.

    By the Cauchy-Schwarz inequality, four times the cells' means are never further apart than the images, so no pair is
    missed; and comparing 49 numbers takes a fraction of the time of comparing 784.
    """
    num_cells = IMAGE_SIDE // _CELL
    cells = pixels.reshape(-1, num_cells, _CELL, num_cells, _CELL).mean(axis=(2, 4)).reshape(len(pixels), -1)
    # The factor 1.001 allows for rounding in float32.
    graph = radius_neighbors_graph(_CELL * cells, 1.001 * radius).tocoo()
    pairs: npt.NDArray[np.int64] = np.column_stack([graph.row, graph.col]).astype(np.int64)
    return pairs[pairs[:, 0] < pairs[:, 1]]

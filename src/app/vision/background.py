"""What a picture would look like without ink: paper or board, with its shadows."""

import cv2
import numpy as np

EDGE = 0.3  # of the sharpest edges' gradient: what else is an edge; shadows are softer
SHARP_EDGE = 0.5  # the same for those that glare has not
SOFT_EDGE = 0.2  # the same for what goes on where an edge ends
NOISE_EDGE = 3.2  # times the median gradient: what is no edge but noise
SPREAD_SIDE = 32  # pixels: paper is smooth, so it is spread on a copy this small
SMOOTHING = (0.25, 0.1, 0.04)  # of the longer side: from afar, and ever closer where enough paper is near
BORDER = 0.04  # of the picture's border: what has more of it is paper; a thick stroke may also end there
ALIKE = 0.4  # of the ink's contrast: an area that differs less from the paper around it is paper


def find_paper(picture: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Paint over the ink: float32 RGB (h, w, 3) for uint8 RGB (h, w, 3), meant for pictures of about a hundred pixels.

    Ink has sharp edges and shadows have soft ones, so edges divide the picture. The parts that have much of the border
    are paper, and so are others that look like the paper around them: loops of digits, cells of squared paper.

    Args:
        edges: of the picture, see `find_edges`.
    """
    pixels = picture.astype(np.float32)
    num_parts, parts, stats, _ = divide(edges)
    on_border = count_border_pixels(parts, num_parts)
    on_border[0] = 0  # the edges themselves
    if num_parts == 1:
        return np.broadcast_to(np.median(pixels, axis=(0, 1)), pixels.shape).astype(np.float32)
    is_paper = on_border >= min(BORDER * on_border.sum(), on_border.max())
    is_paper[0] = False
    paper = spread(pixels, is_paper[parts])
    if is_paper[1:].all() or not edges.any():
        return paper
    difference = measure_length(pixels - paper)
    contrast = np.quantile(difference[edges > 0][::4], 0.9)
    mean = np.bincount(parts.ravel(), difference.ravel(), num_parts) / stats[:, cv2.CC_STAT_AREA].clip(1)
    alike = (mean < ALIKE * contrast) & (stats[:, cv2.CC_STAT_AREA] > 6)
    alike[0] = False
    return spread(pixels, (is_paper | alike)[parts]) if (alike & ~is_paper).any() else paper


def measure_length(colors: np.ndarray) -> np.ndarray:
    """The length of each colour vector: float32 (h, w) for float32 (h, w, 3)."""
    return np.sqrt(cv2.transform(colors * colors, np.ones((1, 3), np.float32)))


def find_edges(picture: np.ndarray) -> np.ndarray:
    """Where edges are, or next to it: uint8 (h, w), 1, or 2 where they are sharp."""
    soft = cv2.GaussianBlur(picture, (0, 0), 0.8) if min(picture.shape[:2]) > 20 else picture
    slopes = [cv2.Sobel(soft, cv2.CV_32F, *axis, ksize=3, borderType=cv2.BORDER_REPLICATE) for axis in ((1, 0), (0, 1))]
    gradient = cv2.magnitude(*map(measure_length, slopes))
    sample = gradient[::2, ::2].ravel()
    num_sharp = max(4, sample.size // 400)
    ordered = np.sort(sample)  # partition, and median by it, take long where most values are alike
    sharpest, least = ordered[-num_sharp:].mean(), NOISE_EDGE * ordered[len(ordered) // 2]
    num_pieces, pieces = cv2.connectedComponents((gradient > max(SOFT_EDGE * sharpest, least)).astype(np.uint8))
    is_edge = np.zeros(num_pieces, np.uint8)
    is_edge[pieces[gradient > max(EDGE * sharpest, least)]] = 1
    return cv2.dilate(
        is_edge[pieces] + (is_edge[pieces] & (gradient > SHARP_EDGE * sharpest)), np.ones((3, 3), np.uint8)
    )


def divide(edges: np.ndarray) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """The parts between edges, as OpenCV's connectedComponentsWithStats gives them; the first is the edges."""
    return cv2.connectedComponentsWithStats((edges == 0).astype(np.uint8), connectivity=4)


def count_border_pixels(parts: np.ndarray, num_parts: int) -> np.ndarray:
    """How much of the border each part, numbered in int32 (h, w), has: int64 (num_parts,)."""
    border = np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])
    return np.bincount(border, minlength=num_parts)


def spread(pixels: np.ndarray, is_paper: np.ndarray) -> np.ndarray:
    """Smooth the paper and fill the rest from it: a mean of the paper nearby, or from afar where little is near."""
    height, width = is_paper.shape
    factor = min(1, SPREAD_SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    # A fourth channel says where paper is known; where it is not, all four are 0.
    known = cv2.merge([pixels, np.ones((height, width), np.float32)]) * is_paper[..., None].astype(np.float32)
    known = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    total = known.sum(axis=(0, 1))
    paper = total[:3] / total[3]
    for share in SMOOTHING:
        blurred = cv2.GaussianBlur(known, (0, 0), max(0.8, share * max(size)), borderType=cv2.BORDER_REPLICATE)
        density = blurred[..., 3:]
        trust = np.minimum(density / 0.3, 1)
        paper = trust * blurred[..., :3] / (density + 1e-6) + (1 - trust) * paper
    return cv2.resize(paper.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)

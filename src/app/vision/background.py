"""Estimate what a picture would look like without ink: paper or a board, with its shadows."""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from src.app.vision.arrays import BoolMask, FloatPicture, LabelMap, Mask, Picture, Plane

_Scalar = TypeVar("_Scalar", bound=np.generic)

MIN_BORDER_FRACTION = 0.04
"""Of the picture's border: regions with more of it are background; with less, a thick stroke may end there."""

# Fractions of the gradient of the sharpest edges:
_EDGE = 0.3  # edges have more; shadows are softer
_CONNECTED_EDGE = 0.2  # pixels that are connected to an edge are edges if they have more
_SHARP_EDGE = 0.5  # sharp edges have more; glare is softer
_NOISE_EDGE = 3.2  # times the median gradient: less is noise
_SMOOTHING_SIDE = 32  # pixels: background is smooth, so a copy of this size is enough
_SMOOTHING_SIGMAS = (0.25, 0.1, 0.04)  # of the longer side: narrower ones count where enough background is near
_ALIKE = 0.4  # of the ink's contrast: regions that differ less from the background around them are background
_MIN_AREA = 6  # pixels: smaller regions are not compared


def estimate_background(picture: Picture, edges: Mask) -> FloatPicture:
    """Replace the ink of a picture by the background around it.

    Ink has sharp edges and shadows have soft ones. Edges therefore divide the picture into regions. Regions with much
    of the border are background, and so are regions of the same colour, such as the holes of digits.

    Args:
        picture: uint8 RGB (h, w, 3), of about a hundred pixels a side.
        edges: of the picture, from `find_edges`.

    Returns:
        float32 RGB (h, w, 3).
    """
    pixels = picture.astype(np.float32)
    num_regions, regions, area = find_regions(edges)
    on_border = count_border_pixels(regions, num_regions)
    on_border[0] = 0  # Edges are no region.
    if num_regions == 1:
        return np.broadcast_to(np.median(pixels, axis=(0, 1)), pixels.shape).astype(np.float32)
    is_background = on_border >= min(MIN_BORDER_FRACTION * on_border.sum(), on_border.max())
    is_background[0] = False
    background = smooth_background(pixels, is_background[regions])
    if is_background[1:].all() or not edges.any():
        return background
    difference = compute_norms(pixels - background)
    contrast = np.quantile(difference[edges > 0][::4], 0.9)
    mean = np.bincount(regions.ravel(), difference.ravel(), num_regions) / area.clip(1)
    is_alike = (mean < _ALIKE * contrast) & (area > _MIN_AREA)
    is_alike[0] = False
    if not (is_alike & ~is_background).any():
        return background
    return smooth_background(pixels, (is_background | is_alike)[regions])


def compute_norms(colors: FloatPicture) -> Plane:
    """Compute the length of each colour vector: float32 (h, w) for float32 (h, w, 3)."""
    return np.sqrt(np.asarray(cv2.transform(colors * colors, np.ones((1, 3), np.float32)), np.float32))


def find_edges(picture: Picture) -> Mask:
    """Find edges by hysteresis thresholding of the gradient, as Canny's detector does.

    Args:
        picture: uint8 RGB (h, w, 3).

    Returns:
        uint8 (h, w): 1 on edges and their neighbours, 2 on sharp edges and theirs, 0 elsewhere.
    """
    soft = cv2.GaussianBlur(picture, (0, 0), 0.8) if min(picture.shape[:2]) > 20 else picture
    x_slope, y_slope = (
        compute_norms(np.asarray(cv2.Sobel(soft, cv2.CV_32F, *axis, ksize=3, borderType=cv2.BORDER_REPLICATE)))
        for axis in ((1, 0), (0, 1))
    )
    gradient = cv2.magnitude(x_slope, y_slope)
    ordered = np.sort(gradient[::2, ::2], axis=None)  # Faster than partition and median where most values are alike.
    num_sharpest = max(4, ordered.size // 400)
    sharpest, noise = ordered[-num_sharpest:].mean(), _NOISE_EDGE * ordered[ordered.size // 2]
    num_labels, labels = cv2.connectedComponents((gradient > max(_CONNECTED_EDGE * sharpest, noise)).astype(np.uint8))
    has_edge = np.zeros(num_labels, np.uint8)
    has_edge[labels[gradient > max(_EDGE * sharpest, noise)]] = 1
    is_edge = has_edge[labels]
    levels = is_edge + (is_edge & (gradient > _SHARP_EDGE * sharpest))
    return np.asarray(cv2.dilate(levels, np.ones((3, 3), np.uint8)), np.uint8)


def find_regions(edges: Mask) -> tuple[int, LabelMap, npt.NDArray[np.int32]]:
    """Find the regions between edges.

    Returns:
        Their number n, the region of each pixel, int32 (h, w), and the area of each region in pixels, int32 (n,).
        Region 0 is the edges.
    """
    num, regions, stats, _ = cv2.connectedComponentsWithStats((edges == 0).astype(np.uint8), connectivity=4)
    return num, np.asarray(regions, np.int32), np.asarray(stats[:, cv2.CC_STAT_AREA], np.int32)


def get_border(array: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
    """Return the outermost pixels of an array (h, w, ...): (2 * w + 2 * h, ...)."""
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def count_border_pixels(regions: LabelMap, num_regions: int) -> npt.NDArray[np.int64]:
    """Count the pixels that each region has at the picture's border: int64 (num_regions,)."""
    return np.bincount(get_border(regions), minlength=num_regions)


def smooth_background(pixels: FloatPicture, is_background: BoolMask) -> FloatPicture:
    """Smooth the background and fill the rest with the mean of the background near it.

    Where little background is near, means over larger distances are used.

    Source: normalized convolution, Knutsson and Westin 1993, doi:10.1109/CVPR.1993.341081.

    Args:
        pixels: float32 RGB (h, w, 3).
        is_background: bool (h, w), at least one of them true.

    Returns:
        float32 RGB (h, w, 3).
    """
    height, width = is_background.shape
    factor = min(1, _SMOOTHING_SIDE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    # The fourth channel is 1 where the background is known. Elsewhere, all four are 0.
    known = cv2.merge([pixels, np.ones((height, width), np.float32)]) * is_background[..., None].astype(np.float32)
    known = cv2.resize(known, size, interpolation=cv2.INTER_AREA)
    total = known.sum(axis=(0, 1))
    background = total[:3] / total[3]
    for sigma in _SMOOTHING_SIGMAS:
        blurred = cv2.GaussianBlur(known, (0, 0), max(0.8, sigma * max(size)), borderType=cv2.BORDER_REPLICATE)
        density = blurred[..., 3:]
        weight = np.minimum(density / 0.3, 1)
        background = weight * blurred[..., :3] / (density + 1e-6) + (1 - weight) * background
    resized = cv2.resize(background.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)

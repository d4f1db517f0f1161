"""Pictures of digits as people make them, from images of the competition: on a drawing canvas, and on paper."""

import cv2
import numpy as np

CANVAS_SIDE = 280  # pixels
INKS = ((20, 20, 25), (20, 30, 120), (150, 20, 30), (20, 90, 40), (80, 80, 85), (60, 30, 110))
RULES = ((150, 170, 215), (170, 170, 170), (220, 150, 150), (120, 140, 190))


def draw_on_canvas(
    image: np.ndarray,
    scale: float = 1.0,
    rotation: float = 0.0,
    shift: tuple[float, float] = (0.0, 0.0),
    thicker: float = 0.0,
    inverted: bool = False,
) -> np.ndarray:
    """Draw a digit black on white with sharp strokes: uint8 RGB (s, s, 3), s = 280 or, where scale is more, larger.

    Args:
        image: uint8 (28, 28, 1).
        scale: of the digit.
        rotation: degrees.
        shift: share of the canvas, right and down.
        thicker: pixels of the original image by which each side of a stroke grows, or shrinks if negative.
    """
    factor = scale * CANVAS_SIDE / 28
    side = round(CANVAS_SIDE * max(1.0, scale))
    center = (side / 2 + shift[0] * side, side / 2 + shift[1] * side)
    ink = _place(image, (side, side), center, factor, rotation)
    ink = cv2.GaussianBlur(ink, (0, 0), max(0.1, 0.25 * factor))
    ink = 1 / (1 + np.exp(12 * (0.5 - ink)))
    radius = round(abs(thicker) * factor)
    if radius:
        change = cv2.dilate if thicker > 0 else cv2.erode
        ink = change(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))
    grey = np.round(255 * ink if inverted else 255 * (1 - ink)).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def put_on_paper(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Write a digit on paper, or with chalk on a board, and photograph it: uint8 RGB (h, w, 3).

    At random: place, scale 0.5 to 4, rotation up to 12 degrees, colours of ink and paper, ruled or squared paper,
    shadows, blur, noise, JPEG.

    Args:
        image: uint8 (h, w, 1): a digit, 28x28, or a number, `write_number`.
    """
    scale = float(np.exp(rng.uniform(np.log(0.5), np.log(4))))
    size = 28 * scale
    rotation = rng.uniform(-12, 12)
    rows, columns = image.shape[:2]
    tall, wide = scale * (rows + abs(np.sin(np.radians(rotation))) * (columns - rows)), scale * columns
    height, width = (max(24, round(side + rng.uniform(0.2, 4) * size)) for side in (tall, wide))
    center = tuple(
        rng.uniform(0.5 * side + 0.05 * size, whole - 0.5 * side - 0.05 * size)
        for side, whole in ((wide, width), (tall, height))
    )
    ink = _place(image, (height, width), center, scale, rotation)[..., None]
    board = rng.random() < 0.15
    paper = rng.uniform(10, 60, 3) if board else np.clip(rng.uniform(185, 255) + rng.uniform(-18, 18, 3), 0, 255)
    color = rng.uniform(170, 255, 3) if board else np.array(INKS[rng.integers(len(INKS))]) + rng.uniform(-15, 25, 3)
    picture = np.full((height, width, 3), paper)
    if rng.random() < 0.5:
        rule = paper + rng.uniform(30, 60) if board else np.array(RULES[rng.integers(len(RULES))], float)
        rules = _draw_rules(height, width, size, rng)[..., None]
        picture = picture * (1 - rules) + rule * rules
    picture = picture * (1 - ink) + color.clip(0, 255) * ink
    picture = _photograph(picture.astype(np.float32), scale, rng)
    if rng.random() < 0.7:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))]
        return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR))
    return picture


def write_number(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Write digits beside one another, a third of them so close that they may touch: uint8 (h, w, 1).

    Args:
        images: uint8 (n, 28, 28, 1).
    """
    strip = np.zeros((40, 28 * len(images) + 40), np.uint8)
    end = 6
    for image in images:
        zoom = rng.uniform(0.9, 1.1)
        digit = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_LINEAR)
        rows, columns = (np.flatnonzero((digit > 60).any(axis=axis)) for axis in (1, 0))
        digit = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        gap = rng.integers(-2, 1) if rng.random() < 1 / 3 else rng.integers(1, 8)
        left, top = max(0, end + gap), 30 - len(digit) + rng.integers(-2, 3)
        place = strip[top : top + len(digit), left : left + digit.shape[1]]
        np.maximum(place, digit, out=place)
        end = left + digit.shape[1]
    return strip[:, : end + 6, None]


def _place(
    image: np.ndarray, shape: tuple[int, int], center: tuple[float, ...], scale: float, rotation: float
) -> np.ndarray:
    """The ink of a digit in a larger picture: float32 (h, w), 0 to 1."""
    middle = (np.array(image.shape[1::-1]) - 1) / 2
    matrix = np.asarray(cv2.getRotationMatrix2D(tuple(middle), rotation, scale), np.float64)
    matrix[:, 2] = matrix[:, 2] + np.array(center) - middle
    ink = image[..., 0].astype(np.float32) / 255
    if scale < 1:
        ink = np.asarray(cv2.GaussianBlur(ink, (0, 0), 0.35 / scale))
    return np.asarray(cv2.warpAffine(ink, matrix, shape[::-1], flags=cv2.INTER_CUBIC)).clip(0, 1)


def _draw_rules(height: int, width: int, size: float, rng: np.random.Generator) -> np.ndarray:
    """Lines, or squares, of paper: float32 (h, w), 0 to 1."""
    rules = np.zeros((height, width), np.float32)
    spacing = rng.uniform(max(10, 0.35 * size), max(14, 1.3 * size))
    thickness = max(1, int(rng.uniform(0.6, 1 + size / 56)))
    tilt, offset, length = np.radians(rng.uniform(-6, 6)), rng.uniform(0, spacing), height + width
    for quarter in (0, np.pi / 2)[: 1 + (rng.random() < 0.4)]:
        along = np.array([np.cos(tilt + quarter), np.sin(tilt + quarter)])
        across = np.array([-along[1], along[0]])
        for number in range(-int(length / spacing) - 1, int(length / spacing) + 2):
            middle = np.array([width / 2, height / 2]) + across * (number * spacing + offset)
            start, end = (np.round(16 * (middle + way * length * along)).astype(int).tolist() for way in (-1, 1))
            cv2.line(rules, start, end, 1.0, thickness, cv2.LINE_AA, 4)
    return rules.clip(0, 1)


def _photograph(picture: np.ndarray, scale: float, rng: np.random.Generator) -> np.ndarray:
    """Shadows, blur and noise."""
    height, width = picture.shape[:2]
    if rng.random() < 0.6:
        light = cv2.resize(
            rng.uniform(0.55, 1, (3, 3)).astype(np.float32), (width, height), None, 0, 0, cv2.INTER_CUBIC
        )
        picture = picture * light.clip(0.4, 1.05)[..., None]
    if rng.random() < 0.25:  # the shadow of a hand or a phone
        y, x = np.mgrid[:height, :width]
        angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1, 2) * (width, height)
        distance = (x - place[0]) * np.cos(angle) + (y - place[1]) * np.sin(angle)
        softness = max(1.5, rng.uniform(0.01, 0.1) * max(height, width))
        shade = 1 / (1 + np.exp(-np.clip(distance / softness, -30, 30)))
        picture = picture * (1 - rng.uniform(0.15, 0.4) * shade[..., None])
    if rng.random() < 0.3:
        picture = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.3, 0.3 + 0.25 * scale))
    noise = rng.normal(0, rng.uniform(0, 9), (height, width, 1)) + rng.normal(0, rng.uniform(0, 4), picture.shape)
    return (picture + noise).clip(0, 255).astype(np.uint8)

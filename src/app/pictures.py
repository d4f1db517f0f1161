"""Open a picture that somebody sent: what is not a picture, or too large, is refused before it is decoded."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from src.errors import InputError

MAX_PIXELS = 16_000_000  # a photo of 12 megapixels, and some more
MIN_SIDE = 8  # pixels: nobody reads less
SHOWN_SIDE = 1280  # pixels: a larger picture is made smaller by a whole factor, to about this
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
FOREIGN = (b"PK\x03\x04", b"%PDF", b"<?php", b"<script", b"<html", b"<svg", b"\x7fELF", b"Rar!")
"""How files begin that someone may have hidden behind a picture."""


class TooLargeError(InputError):
    """A picture with too many pixels or bytes."""


def open_picture(data: bytes) -> np.ndarray:
    """Decode a PNG, JPEG, WebP, GIF (its first frame) or BMP file, upright as its EXIF data say: uint8 RGB (h, w, 3).

    Raises:
        TooLargeError: it has more than 16 megapixels, found out from its header.
        InputError: it is no such file, damaged, cut off, hides another file, or is less than 8 pixels wide or high.
    """
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
        _check(image, data)
        image.draft("RGB", (SHOWN_SIDE, SHOWN_SIDE))
        return _to_rgb(ImageOps.exif_transpose(image))
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise TooLargeError(f"the picture is too large; send one of at most {MAX_PIXELS:,} pixels") from None
    except Image.UnidentifiedImageError:
        raise InputError(
            f"this is not a picture that can be read; send a {', '.join(FORMATS[:-1])} or BMP file"
        ) from None
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        raise InputError(f"the picture is damaged or cut off ({error}); send it again") from None


def _check(image: Image.Image, data: bytes) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLargeError(f"the picture has {width} x {height} pixels; send one of at most {MAX_PIXELS:,} pixels")
    if min(width, height) < MIN_SIDE:
        raise InputError(f"the picture has {width} x {height} pixels; send one of at least {MIN_SIDE} x {MIN_SIDE}")
    rest = data[_find_end(image.format or "", data) :]
    # Cameras put more pictures, and even films, behind a JPEG; behind the others nothing belongs.
    if any(mark in rest for mark in FOREIGN) or (rest.strip(b"\0") and image.format in ("PNG", "WEBP")):
        raise InputError("there is another file behind the picture; send the picture alone")


def _find_end(kind: str, data: bytes) -> int:
    """Where the picture ends; InputError if it is cut off."""
    if kind == "PNG":
        end = data.find(b"IEND\xaeB`\x82") + 8
    elif kind in ("JPEG", "MPO"):
        end = data.find(b"\xff\xd9", data.rfind(b"\xff\xda")) + 2
    elif kind == "WEBP":
        end = 8 + int.from_bytes(data[4:8], "little")
        end += end % 2
    elif kind == "GIF":
        end = data.rfind(b"\x3b") + 1
    else:
        end = len(data)
    if end < 12 or end > len(data) + 1:
        raise InputError("the picture is cut off; send all of it")
    return end


def _to_rgb(image: Image.Image) -> np.ndarray:
    """8 bits, 3 channels, no more than a few megapixels; what is transparent becomes paper, or board under chalk."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image)
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = image.reduce(max(1, max(image.size) // SHOWN_SIDE))
    if image.mode == "RGB":
        return np.asarray(image)
    rgba = np.asarray(image, np.float32)
    color, alpha = rgba[..., :3], rgba[..., 3:] / 255
    drawn = (color * alpha).sum() / max(3 * alpha.sum(), 1)
    paper = 255 if drawn < 128 else 0
    return (color * alpha + paper * (1 - alpha) + 0.5).astype(np.uint8)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """From its darkest to its brightest; how many of the bits are used differs from camera to camera."""
    deep = np.asarray(image, np.float32)
    low, high = float(deep.min()), float(deep.max())
    return Image.fromarray(((deep - low) * (255 / max(high - low, 255.0))).astype(np.uint8))

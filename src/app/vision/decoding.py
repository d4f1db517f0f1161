"""Open a picture that somebody sent: what is not a picture, or too large, is refused before it is decoded."""

import base64
from io import BytesIO
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageOps

from src.app.vision.file_formats import find_end
from src.common.errors import InputError

MAX_PIXELS = 16_000_000  # a photo of 12 megapixels, and some more
MIN_SIDE = 8  # pixels: nobody reads less
SHOWN_SIDE = 1280  # pixels: a larger picture is made smaller by a whole factor
OWN_CONTRAST = 100  # grey levels within what is opaque: more, and it has both ink and paper
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Gradio opens uploads by itself: Pillow refuses twice as many
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
BASE64_DESCRIPTION = "a picture's file in base64, also as data: URL"
FOREIGN = (b"pk\x03\x04", b"%pdf", b"<?php", b"<script", b"<html", b"<svg", b"\x7felf", b"rar!")
"""How files begin, in lower case, that someone may have put behind a JPEG."""


class TooLargeError(InputError):
    """A picture with too many pixels or bytes."""


def decode_picture(data: bytes) -> np.ndarray:
    """Decode a PNG, JPEG, WebP, GIF (its first frame) or BMP file, upright as its EXIF data say: uint8 RGB (h, w, 3).

    Raises:
        TooLargeError: it has more than 16 megapixels, found out from its header.
        InputError: it is no such file, damaged, cut off, less than 8 pixels wide or high, or another file is behind it.
    """
    try:
        image = Image.open(BytesIO(data), formats=FORMATS)
        _check(image, data)
        image.draft("RGB", (SHOWN_SIDE, SHOWN_SIDE))
        ImageOps.exif_transpose(image, in_place=True)
        return _to_rgb(image)
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


def decode_base64(text: Any) -> bytes:
    """Decode a picture's file from base64, which may stand in a data: URL.

    Raises:
        InputError: it is no such text.
    """
    try:
        return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (AttributeError, ValueError):
        raise InputError("a picture is not valid base64; send its file in base64, or as a data: URL") from None


def read_width(data: bytes) -> int:
    """Pixels from left to right of a picture that can be opened, held upright; `decode_picture` may make it smaller."""
    with Image.open(BytesIO(data), formats=FORMATS) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        return image.size[1 if turned else 0]


def _check(image: Image.Image, data: bytes) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise TooLargeError(f"the picture has {width} x {height} pixels; send one of at most {MAX_PIXELS:,} pixels")
    if min(width, height) < MIN_SIDE:
        raise InputError(f"the picture has {width} x {height} pixels; send one of at least {MIN_SIDE} x {MIN_SIDE}")
    rest = data[find_end(image.format or "", data) :].lstrip(b"\0")
    # Cameras put more pictures, and even films, behind a JPEG; behind the others nothing belongs.
    if rest and (image.format not in ("JPEG", "MPO") or rest.lstrip().lower().startswith(FOREIGN)):
        raise InputError("there is another file behind the picture; send the picture alone")


def _to_rgb(image: Image.Image) -> np.ndarray:
    """8 bits, 3 channels, about SHOWN_SIDE pixels at most; what is transparent is filled."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bits(image)
    if image.mode in ("1", "P"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = image.reduce(-(-max(image.size) // SHOWN_SIDE))
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    image = image.convert("RGBA")
    filled = Image.new("RGBA", image.size, (*_choose_filling(np.asarray(image)), 255))
    return np.asarray(Image.alpha_composite(filled, image).convert("RGB"))


def _choose_filling(rgba: np.ndarray) -> tuple[int, int, int]:
    """Paper or board for a drawing of one colour; the usual colour of a picture that has its own paper."""
    opaque = rgba[rgba[..., 3] > 127][:, :3]
    if len(opaque) == 0:
        return 255, 255, 255
    light = opaque.mean(axis=1)
    if np.ptp(np.quantile(light, [0.02, 0.98])) > OWN_CONTRAST:
        red, green, blue = np.median(opaque, axis=0)
        return int(red), int(green), int(blue)
    return (255, 255, 255) if light.mean() < 128 else (0, 0, 0)


def _to_8_bits(image: Image.Image) -> Image.Image:
    """From its darkest to its brightest; how many of the bits are used differs from camera to camera."""
    deep = np.asarray(image, np.float32)
    low, high = float(deep.min()), float(deep.max())
    return Image.fromarray(((deep - low) * (255 / max(high - low, 255.0))).astype(np.uint8))

"""Decode picture files that users send, within limits of format and size."""

import base64
import re
import zipfile
from contextlib import suppress
from io import BytesIO

import cv2
import numpy as np
import numpy.typing as npt
import pi_heif
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from src.app.vision.arrays import Picture
from src.common.errors import InputError

MAX_PIXELS = 65_000_000
"""Of a file: a photo of 64 megapixels and some more, or an A4 page scanned with 600 dpi."""
MAX_WEBP_PIXELS = 25_000_000
"""Of a WebP file, which is decoded in its full size, with 16 bytes of memory per pixel."""
MIN_SIDE = 8
"""Pixels."""
MAX_DECODED_SIDE = 1280
"""Pixels: larger pictures are shrunk by an integer factor."""
FORMATS = "PNG, JPEG, HEIC, AVIF, WebP, GIF or BMP"
BASE64_DESCRIPTION = "a picture's file in base64, also as data: URL"
Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow refuses twice as many.
pi_heif.register_heif_opener(thumbnails=False)

_PILLOW_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "HEIF", "AVIF")
_WORK_MODES = {"1": "L", "I;16": "I", "I;16B": "I", "I;16L": "I", "I;16N": "I"}
"""Pillow's modes that cannot be shrunk, and those that they are converted to."""
_STRIP_PIXELS = 4_000_000  # of a large picture that are converted and shrunk at once
_PNG_END = b"IEND\xaeB`\x82"
_OTHER_FILE = re.compile(
    rb"<(?i:\?php\s|script[\s>]|html[\s>]|svg\s[^<>]{0,300}xmlns)|%(?i:PDF)-\d|\x7fELF[\x01\x02]{2}\x01|Rar!\x1a\x07"
)
"""How files begin that are hidden in pictures; long enough not to occur by chance in compressed pixels and videos."""
_MAX_DRAWING_CONTRAST = 100  # grey levels: a drawing in one colour with sharp edges has less between its opaque pixels
_MAX_RIM_CONTRAST = 25  # grey levels between the typical opaque pixel and those beside transparent ones: a background


class TooLargeError(InputError):
    """A picture with too many pixels or bytes."""


def decode_picture(data: bytes) -> Picture:
    """Decode a picture file: PNG, JPEG, HEIC, AVIF, WebP, GIF (the first frame) or BMP.

    The picture is turned upright by its EXIF data, shrunk to about `MAX_DECODED_SIDE` pixels if it is larger, and
    transparent pixels are filled. Pictures and videos that a camera has appended are ignored. Files that contain
    another file (archive, document, web page, program) are refused.

    Returns:
        uint8 RGB (h, w, 3).

    Raises:
        TooLargeError: the picture has more than `MAX_PIXELS` pixels according to its header, or is a WebP file of more
            than `MAX_WEBP_PIXELS`.
        InputError: the file has another format, is damaged, truncated, less than `MIN_SIDE` pixels wide or high, or
            contains another file.
    """
    try:
        file = Image.open(BytesIO(data), formats=_PILLOW_FORMATS)
        _check(file, data)
        file.draft("RGB", (MAX_DECODED_SIDE, MAX_DECODED_SIDE))  # JPEG is decoded at a smaller scale.
        image = _shrink(file)
        image.load()  # Reading EXIF data would hide its errors.
        if _read_orientation(image) > 1:
            ImageOps.exif_transpose(image, in_place=True)
        return _convert_to_rgb(image)
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise TooLargeError(f"the picture is too large; send one of at most {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise InputError(f"this is not a picture that can be decoded; send a {FORMATS} file") from None
    except Exception as error:  # Pillow's decoders raise nearly every type on damaged files.
        raise InputError(f"the picture is damaged or cut off ({error}); send it again") from None


def decode_base64(text: object) -> bytes:
    """Decode a file from base64, with or without the prefix of a data: URL.

    Raises:
        InputError: the argument is not a text in base64.
    """
    if isinstance(text, str):
        with suppress(ValueError):
            return base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    raise InputError("a picture is not valid base64; send its file in base64, or as a data: URL")


def read_size(data: bytes) -> tuple[int, int]:
    """Read width and height, in pixels, of a picture file held upright; `decode_picture` may shrink the picture."""
    with Image.open(BytesIO(data), formats=_PILLOW_FORMATS) as image:
        width, height = image.size
        return (height, width) if _read_orientation(image) >= 5 else (width, height)


def _read_orientation(image: Image.Image) -> int:
    """Read how a camera was held, from 1 (upright) to 8; 1 if the EXIF data are damaged, which does not harm pixels."""
    with suppress(Exception):  # Pillow raises many types.
        orientation: int = image.getexif().get(ExifTags.Base.Orientation, 1)
        return orientation if orientation in range(1, 9) else 1
    return 1


def _check(image: Image.Image, data: bytes) -> None:
    width, height = image.size
    kind, limit = ("a WebP file", MAX_WEBP_PIXELS) if image.format == "WEBP" else ("one", MAX_PIXELS)
    if width * height > limit:
        raise TooLargeError(f"the picture has {width} x {height} pixels; send {kind} of at most {limit:,} pixels")
    if min(width, height) < MIN_SIDE:
        raise InputError(f"the picture has {width} x {height} pixels; send one of at least {MIN_SIDE} x {MIN_SIDE}")
    if image.format == "PNG" and _PNG_END not in data:  # Pillow detects truncated files of all other formats.
        raise InputError("the picture is cut off; send all of it")
    if _OTHER_FILE.search(data) or zipfile.is_zipfile(BytesIO(data)):
        raise InputError(
            "there is another file in it (an archive, document, web page or program); send the picture alone"
        )


def _shrink(image: Image.Image) -> Image.Image:
    """Shrink a picture to about `MAX_DECODED_SIDE`, in strips: a copy of all pixels can take 256 MB."""
    factor = -(-max(image.size) // MAX_DECODED_SIDE)
    if factor == 1:
        return _convert_to_work_mode(image)
    width, height = image.size
    num_rows = max(1, _STRIP_PIXELS // width // factor)  # of the shrunk picture, in each strip
    strips = [
        _convert_to_work_mode(image.crop((0, top, width, min(top + num_rows * factor, height)))).reduce(factor)
        for top in range(0, height, num_rows * factor)
    ]
    shrunk = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for number, strip in enumerate(strips):
        shrunk.paste(strip, (0, number * num_rows))
    shrunk.info = strips[0].info  # with the EXIF data and the transparent colour
    return shrunk


def _convert_to_work_mode(image: Image.Image) -> Image.Image:
    """Convert to a mode in which means of pixels can be computed."""
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.convert(_WORK_MODES[image.mode]) if image.mode in _WORK_MODES else image


def _convert_to_rgb(image: Image.Image) -> Picture:
    """Convert to 8 bits and 3 channels, and fill transparent pixels."""
    if image.mode in ("I", "F"):
        image = _convert_to_8_bits(image)
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB"))
    image = image.convert("RGBA")
    filled = Image.new("RGBA", image.size, (*_choose_fill_color(np.asarray(image)), 255))
    return np.asarray(Image.alpha_composite(filled, image).convert("RGB"))


def _choose_fill_color(rgba: npt.NDArray[np.uint8]) -> tuple[int, int, int]:
    """Choose white or black for a drawing in one colour, and the median colour for a picture with its own background.

    Args:
        rgba: (h, w, 4).
    """
    is_opaque = rgba[..., 3] > 127
    if not is_opaque.any():
        return 255, 255, 255
    lightness = rgba[..., :3].mean(axis=2)
    # What lies outside the picture counts as transparent.
    is_inner = cv2.erode(is_opaque.astype(np.uint8), np.ones((3, 3)), borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    typical, rim = np.median(lightness[is_opaque]), lightness[is_opaque & ~is_inner].mean()
    contrast = np.ptp(np.quantile(lightness[is_opaque], [0.02, 0.98]))
    # The rim of a drawing with smooth edges is between the colours of ink and background.
    if contrast > _MAX_DRAWING_CONTRAST and abs(rim - typical) < _MAX_RIM_CONTRAST:
        red, green, blue = np.median(rgba[is_opaque][:, :3], axis=0)
        return int(red), int(green), int(blue)
    return (255, 255, 255) if lightness[is_opaque].mean() < 128 else (0, 0, 0)


def _convert_to_8_bits(image: Image.Image) -> Image.Image:
    """Map the darkest pixel to 0 and the brightest to 255, as cameras differ in how many of 16 bits they use."""
    deep = np.asarray(image, np.float32)
    low, high = float(deep.min()), float(deep.max())
    return Image.fromarray(((deep - low) * (255 / max(high - low, 255.0))).astype(np.uint8))

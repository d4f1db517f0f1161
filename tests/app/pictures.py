"""Pictures for tests of the app: a drawn digit, its files in every format, and files that must be refused."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from src.app.vision.decoding import MAX_PIXELS
from src.app.vision.recogniser import get_recogniser

SIDE = 240
NUMBER_SCALE = 3  # Pixels of the picture per pixel of the digits' images.
TWO = np.array([(80, 85), (95, 62), (125, 55), (150, 70), (148, 100), (120, 135), (85, 175), (84, 180), (155, 178)])


def draw(thickness=12, shift=(0, 0), ink=(0, 0, 0), background=(255, 255, 255), scale=1.0):
    """Draw a 2 in one stroke: uint8 RGB (240 * scale, 240 * scale, 3)."""
    side = round(SIDE * scale)
    picture = np.full((side, side, 3), background, np.uint8)
    points = np.round((TWO + shift) * scale).astype(np.int32)
    cv2.polylines(picture, [points], False, ink, max(1, round(thickness * scale)), cv2.LINE_AA)
    return picture


def find_digit(picture):
    """Recognise the one digit of a picture with the tracked networks."""
    return get_recogniser().recognise_digits([picture])[0]


def measure_difference(one, other):
    """Measure the mean difference of two digits' images in grey levels, at the best of nine shifts.

    The shifts allow for centres of mass that are rounded to whole pixels.
    """
    shifted = [np.roll(other.image.astype(int), (y, x), axis=(0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return min(np.abs(one.image - image).mean() for image in shifted)


def write_number(digits, text, gap=4):
    """Write digits in black on white, with a margin: uint8 RGB (h, w, 3).

    Args:
        digits: an image of each digit, uint8 (28, 28, 1).
        text: the digits, with line breaks.
        gap: columns of the images between digits.
    """
    lines = text.splitlines()
    ink = np.zeros((30 * len(lines) + 6, 26 * max(map(len, lines)) + 12), np.uint8)
    for number, line in enumerate(lines):
        left = 6
        for digit in line:
            image = digits[int(digit)][..., 0]
            columns = np.flatnonzero((image > 60).any(axis=0))
            image = image[:, columns[0] : columns[-1] + 1]
            target = ink[30 * number + 3 :, left:][: image.shape[0], : image.shape[1]]
            np.maximum(target, image, out=target)
            left += image.shape[1] + gap
    ink = cv2.resize(ink, None, fx=NUMBER_SCALE, fy=NUMBER_SCALE, interpolation=cv2.INTER_CUBIC)
    return np.repeat(255 - ink[..., None], 3, axis=2)


def encode(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def encode_array(picture):
    return encode(Image.fromarray(picture))


RGB = Image.fromarray(draw())
GREY = RGB.convert("L")
PNG, JPEG, GIF, WEBP, BMP, AVIF = (encode(RGB, kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP", "AVIF"))
HEIC = Path(__file__).with_name("two.heic").read_bytes()  # Written with pillow-heif, as pi-heif cannot.


def png_of_size(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def with_size(data, offset, code, *size):
    return data[:offset] + struct.pack(code, *size) + data[offset + struct.calcsize(code) :]


def make_zip():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("script.js", "alert(1)")
    return buffer.getvalue()


ZIP = make_zip()
JPEG_SIZE = JPEG.index(b"\xff\xc0") + 5
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
TOO_LARGE = {
    "png 100 megapixels": encode(Image.new("1", (10_000, 10_000))),
    "png header": png_of_size(100_000, 100_000),
    "png widest": png_of_size(2**31 - 1, 1),
    "png tallest": png_of_size(8, 2**31 - 1),
    "gif header": with_size(GIF, 6, "<HH", 65_535, 65_535),
    "bmp header": with_size(BMP, 18, "<ii", 50_000, 50_000),
    "bmp negative size": with_size(BMP, 18, "<ii", -240, -240),
    "jpeg header": with_size(JPEG, JPEG_SIZE, ">HH", 65_500, 65_500),
    "webp of 30 megapixels": with_size(WEBP, 26, "<HH", 6000, 5000),
    "just above": encode(Image.new("L", (4001, MAX_PIXELS // 4000))),
}
HOSTILE = {
    "empty": b"",
    "one byte": b"\x89",
    "zeros": bytes(1000),
    "noise": np.random.default_rng(0).bytes(5000),
    "text": b"7" * 500,
    "json": b'{"digit": 7}',
    "svg": SVG,
    "html": b"<html><img src=x onerror=alert(1)></html>",
    "pdf": b"%PDF-1.7\n1 0 obj\n",
    "zip": ZIP,
    "elf": b"\x7fELF\x02\x01\x01" + bytes(100),
    "gzip": b"\x1f\x8b\x08" + bytes(100),
    "mp4": b"\0\0\0\x18ftypmp42" + bytes(100),
    "heic": b"\0\0\0\x18ftypheic" + bytes(100),
    "tiff": encode(RGB, "TIFF"),
    "ico": encode(RGB.resize((32, 32)), "ICO"),
    "ppm": encode(RGB, "PPM"),
    "tga": encode(RGB, "TGA"),
    "pcx": encode(RGB, "PCX"),
    "icns": encode(RGB.resize((128, 128)), "ICNS"),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 28 28\n",
    "png signature": PNG[:8],
    "png header alone": PNG[:33],
    "png half": PNG[: len(PNG) // 2],
    "png without its end": PNG[:-12],
    "png without its last byte": PNG[:-1],
    "png without data": png_of_size(100, 100),
    "png flipped bits": PNG[:60] + bytes(byte ^ 0x55 for byte in PNG[60:120]) + PNG[120:],
    "jpeg half": JPEG[: len(JPEG) // 2],
    "jpeg header alone": JPEG[:20],
    "jpeg without its end": JPEG[:-2],
    "gif half": GIF[: len(GIF) // 2],
    "gif header alone": GIF[:10],
    "webp half": WEBP[: len(WEBP) // 2],
    "webp header alone": WEBP[:16],
    "bmp half": BMP[: len(BMP) // 2],
    "bmp header alone": BMP[:30],
    "zero wide": png_of_size(0, 100),
    "one pixel": encode(Image.new("L", (1, 1))),
    "a line": encode(Image.new("L", (2000, 2))),
    "png and zip": PNG + ZIP,
    "png and script": PNG + b"<script>alert(1)</script>",
    "jpeg and zip": JPEG + ZIP,
    "jpeg and php": JPEG + b"<?php system($_GET['c']);",
    "webp and pdf": WEBP + b"%PDF-1.7\n",
    "gif and html": GIF + b"<html>",
    "gif and script": GIF + b"<script>alert(1);</script>",
    "gif and svg": GIF + b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "webp and elf": WEBP + b"\x7fELF\x02\x01\x01" + bytes(60),
    "png and rar": PNG + b"Rar!\x1a\x07\x01\x00" + bytes(60),
    "gif and zip": GIF + ZIP + b";",
    "bmp and zip": BMP + ZIP,
    "jpeg and zip and the end of a jpeg": JPEG + ZIP + b"\xff\xda\xff\xd9",
    "jpeg and shouted script": JPEG + b"\n<SCRIPT>alert(1)</SCRIPT>",
    "html and png": b"<html>" + PNG,
    "zip and png": ZIP + PNG,
    "svg named as png": b"\x89PNG" + SVG,
}

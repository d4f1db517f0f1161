"""Opening what people upload: every kind of picture looks the same, and nothing hostile gets through."""

import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from src.app.vision.decoding import MAX_PIXELS, TooLargeError, open_picture
from src.common.errors import InputError
from tests.app.vision.test_preprocessing import draw


def encode(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


RGB = Image.fromarray(draw())
GREY = RGB.convert("L")
PNG, JPEG, GIF, WEBP, BMP = (encode(RGB, kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "BMP"))


def transparent(ink):
    grey = np.asarray(GREY)
    return Image.fromarray(np.dstack([np.full_like(grey, ink)] * 3 + [255 - grey]))


@pytest.mark.parametrize(
    "data",
    [
        PNG,
        encode(RGB, "JPEG", quality=95),
        encode(RGB, "WEBP", lossless=True),
        GIF,
        BMP,
        encode(GREY),
        encode(GREY.convert("1")),
        encode(RGB.convert("P")),
        encode(GREY.convert("LA")),
        encode(transparent(0)),
        encode(Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)),
        encode(RGB.convert("CMYK"), "JPEG", quality=95),
    ],
    ids=["png", "jpeg", "webp", "gif", "bmp", "grey", "1 bit", "palette", "grey alpha", "rgba", "16 bits", "cmyk"],
)
def test_every_kind_of_picture_looks_the_same(data):
    picture = open_picture(data)
    assert picture.dtype == np.uint8 and picture.shape == (240, 240, 3)
    assert np.abs(picture.astype(int) - draw()).mean() < 3


def test_light_strokes_on_nothing_are_chalk():
    picture = open_picture(encode(transparent(255)))
    assert np.abs(picture.astype(int) - (255 - draw())).mean() < 3


def test_exif_turns_the_picture_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held at a right angle
    turned = encode(RGB.rotate(90, expand=True), "JPEG", quality=95, exif=exif)
    assert np.abs(open_picture(turned).astype(int) - draw()).mean() < 3


def test_a_photo_of_12_megapixels_is_opened_at_a_reasonable_size():
    photo = RGB.resize((4000, 3000))
    for data in (encode(photo, "JPEG"), encode(photo)):
        height, width = open_picture(data).shape[:2]
        assert 640 <= max(height, width) <= 2600 and abs(width / height - 4 / 3) < 0.01


def png_of_size(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def with_size(data, offset, code, *size):
    return data[:offset] + struct.pack(code, *size) + data[offset + struct.calcsize(code) :]


JPEG_SIZE = JPEG.index(b"\xff\xc0") + 5
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ZIP = b"PK\x03\x04" + b"\0" * 60
TOO_LARGE = {
    "png 100 megapixels": encode(Image.new("1", (10_000, 10_000))),
    "png header": png_of_size(100_000, 100_000),
    "png widest": png_of_size(2**31 - 1, 1),
    "png tallest": png_of_size(8, 2**31 - 1),
    "gif header": with_size(GIF, 6, "<HH", 65_535, 65_535),
    "bmp header": with_size(BMP, 18, "<ii", 50_000, 50_000),
    "bmp negative size": with_size(BMP, 18, "<ii", -240, -240),
    "jpeg header": with_size(JPEG, JPEG_SIZE, ">HH", 65_500, 65_500),
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
    "elf": b"\x7fELF" + bytes(100),
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
    "png and png": PNG + PNG,
    "jpeg and zip": JPEG + ZIP,
    "jpeg and php": JPEG + b"<?php system($_GET['c']);",
    "webp and pdf": WEBP + b"%PDF-1.7\n",
    "gif and html": GIF + b"<html>",
    "gif and script": GIF + b"<script>alert(1);</script>",
    "gif and zip": GIF + ZIP + b";",
    "bmp and zip": BMP + ZIP,
    "jpeg and zip and the end of a jpeg": JPEG + ZIP + b"\xff\xda\xff\xd9",
    "jpeg and shouted script": JPEG + b"\n<SCRIPT>alert(1)</SCRIPT>",
    "html and png": b"<html>" + PNG,
    "zip and png": ZIP + PNG,
    "svg named as png": b"\x89PNG" + SVG,
}


@pytest.mark.parametrize("data", TOO_LARGE.values(), ids=TOO_LARGE)
def test_too_large_pictures_are_refused(data):
    with pytest.raises(TooLargeError, match="at most"):
        open_picture(data)


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_in_a_sentence(data):
    with pytest.raises(InputError) as refusal:
        open_picture(data)
    assert not isinstance(refusal.value, TooLargeError) and len(str(refusal.value)) < 250


def test_a_camera_may_put_more_pictures_behind_a_jpeg():
    assert open_picture(JPEG + JPEG[:5000] + bytes(2000)).shape == (240, 240, 3)
    for seed in range(20):
        film = b"\0\0\0\x18ftypmp42" + np.random.default_rng(seed).bytes(200_000)
        assert open_picture(JPEG + film).shape == (240, 240, 3)
    progressive = encode(RGB, "JPEG", progressive=True, exif=b"Exif\0\0\xff\xd9 no end")
    assert open_picture(progressive).shape == (240, 240, 3)


def test_white_paper_on_a_transparent_ground_stays_paper():
    rgba = np.zeros((300, 300, 4), np.uint8)
    rgba[30:270, 30:270] = np.dstack([draw(), np.full((240, 240), 255, np.uint8)])
    picture = open_picture(encode(Image.fromarray(rgba)))
    assert (picture[:30] == 255).all() and (picture[30:270, 30:270] == draw()).all()


def test_a_large_transparent_picture_takes_little_memory():
    data = encode(Image.new("RGBA", (3000, 3000), (0, 0, 0, 0)))
    tracemalloc.start()
    assert max(open_picture(data).shape) <= 1280
    assert tracemalloc.get_traced_memory()[1] < 40_000_000  # of NumPy; Pillow's own is not counted
    tracemalloc.stop()

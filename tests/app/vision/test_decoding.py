"""Every format is decoded to the same pixels, and files that are no pictures, or hide other files, are refused."""

import base64
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from src.app.vision.decoding import TooLargeError, decode_base64, decode_picture, read_size
from src.common.errors import InputError
from tests.app.pictures import AVIF, BMP, GIF, GREY, HEIC, HOSTILE, JPEG, PNG, RGB, TOO_LARGE, WEBP, draw, encode


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
        HEIC,
        AVIF,
        encode(GREY),
        encode(GREY.convert("1")),
        encode(RGB.convert("P")),
        encode(GREY.convert("LA")),
        encode(transparent(0)),
        encode(Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)),
        encode(RGB.convert("CMYK"), "JPEG", quality=95),
    ],
    ids=[
        "png",
        "jpeg",
        "webp",
        "gif",
        "bmp",
        "heic",
        "avif",
        "grey",
        "1 bit",
        "palette",
        "grey alpha",
        "rgba",
        "16 bits",
        "cmyk",
    ],
)
def test_all_formats_are_decoded_to_the_same_pixels(data):
    picture = decode_picture(data)
    assert picture.dtype == np.uint8 and picture.shape == (240, 240, 3)
    assert np.abs(picture.astype(int) - draw()).mean() < 3


def test_a_light_drawing_on_transparent_background_is_put_on_black():
    picture = decode_picture(encode(transparent(255)))
    assert np.abs(picture.astype(int) - (255 - draw())).mean() < 3


def test_pictures_are_turned_upright_as_exif_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # The camera was turned by 90 degrees.
    turned = encode(RGB.rotate(90, expand=True), "JPEG", quality=95, exif=exif)
    assert np.abs(decode_picture(turned).astype(int) - draw()).mean() < 3
    assert read_size(encode(RGB.resize((300, 200)), "JPEG", exif=exif)) == (200, 300)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "I;16", "RGBA"])
def test_a_scan_is_shrunk_in_every_mode(mode):
    scan = GREY.convert("I;16").point(lambda value: value * 257) if mode == "I;16" else RGB.convert(mode)
    picture = decode_picture(encode(scan.resize((2404, 3001), Image.Resampling.NEAREST)))
    assert picture.shape == (1001, 802, 3)
    expected = np.asarray(RGB.resize((802, 1001), Image.Resampling.BILINEAR))
    assert np.abs(picture.astype(int) - expected).mean() < 3


@pytest.mark.filterwarnings("error")
def test_a_photo_of_64_megapixels_is_decoded_without_a_warning():
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = encode(GREY.resize((9248, 6936)), "JPEG", exif=exif)
    picture = decode_picture(photo)
    assert picture.shape[0] > picture.shape[1] and max(picture.shape) <= 1280


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("data", TOO_LARGE.values(), ids=TOO_LARGE)
def test_too_large_pictures_are_refused(data):
    with pytest.raises(TooLargeError, match="at most"):
        decode_picture(data)


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_hostile_files_are_refused_in_a_sentence(data):
    with pytest.raises(InputError) as refusal:
        decode_picture(data)
    assert not isinstance(refusal.value, TooLargeError) and len(str(refusal.value)) < 250


@pytest.mark.parametrize("data", [PNG, JPEG, WEBP, GIF, BMP], ids=["png", "jpeg", "webp", "gif", "bmp"])
@pytest.mark.parametrize("rest", [b"\n", bytes(2000), PNG, JPEG], ids=["newline", "zeros", "png", "jpeg"])
def test_harmless_bytes_behind_a_picture_are_ignored(data, rest):
    assert (decode_picture(data + rest) == decode_picture(data)).all()


def test_jpegs_with_more_pictures_or_videos_are_decoded():
    several = encode(RGB, "MPO", save_all=True, append_images=[RGB.rotate(90)])
    assert (decode_picture(several) == decode_picture(JPEG)).all()
    for seed in range(20):
        video = b"\0\0\0\x18ftypmp42" + np.random.default_rng(seed).bytes(200_000)
        assert decode_picture(JPEG + video).shape == (240, 240, 3)
    progressive = encode(RGB, "JPEG", progressive=True, exif=b"Exif\0\0\xff\xd9 no end")
    assert decode_picture(progressive).shape == (240, 240, 3)


def test_a_picture_with_its_own_background_and_a_transparent_margin_gets_a_margin_of_that_background():
    rgba = np.zeros((300, 300, 4), np.uint8)
    rgba[30:270, 30:270] = np.dstack([draw(), np.full((240, 240), 255, np.uint8)])
    picture = decode_picture(encode(Image.fromarray(rgba)))
    assert (picture[:30] == 255).all() and (picture[30:270, 30:270] == draw()).all()


def test_a_large_transparent_picture_takes_little_memory():
    data = encode(Image.new("RGBA", (3000, 3000), (0, 0, 0, 0)))
    tracemalloc.start()
    assert max(decode_picture(data).shape) <= 1280
    assert tracemalloc.get_traced_memory()[1] < 40_000_000  # NumPy's; memory of Pillow is not counted.
    tracemalloc.stop()


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_base64_is_decoded_with_and_without_the_prefix_of_a_data_url(prefix):
    assert decode_base64(prefix + base64.b64encode(PNG).decode()) == PNG


@pytest.mark.parametrize("text", ["?", "data:image/png;base64,?", "abc", "ä", None, 7, []])
def test_texts_that_are_no_base64_are_refused(text):
    with pytest.raises(InputError, match="base64"):
        decode_base64(text)


@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_a_smooth_drawing_on_a_transparent_colour_is_put_on_white(kind):
    indexed = RGB.convert("P")
    picture = decode_picture(encode(indexed, kind, transparency=indexed.getpixel((0, 0))))
    assert np.abs(picture.astype(int) - draw()).mean() < 3


def test_damaged_exif_data_do_not_matter():
    orientation = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0"  # as text
    for data in (encode(RGB, "JPEG", quality=95, exif=orientation), encode(RGB, exif=b"no TIFF file")):
        assert np.abs(decode_picture(data).astype(int) - draw()).mean() < 3 and read_size(data) == (240, 240)


def test_a_few_bytes_like_svg_are_no_svg_file():
    assert decode_picture(encode(RGB, "JPEG", comment=b"<SvG\n")).shape == (240, 240, 3)

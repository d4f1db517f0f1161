"""Where a picture ends in its file, by the structure of the format: what follows may be another file."""

import re

from src.common.errors import InputError

JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""In compressed data, ff stands for itself before 00, and before the restart marks d0 to d7."""


def find_end(kind: str, data: bytes) -> int:
    """Find the number of bytes that belong to the picture.

    Args:
        kind: PNG, JPEG, MPO (a JPEG with more pictures behind), WEBP, GIF or BMP.

    Raises:
        InputError: the picture is cut off.
    """
    walk = {"PNG": _walk_png, "JPEG": _walk_jpeg, "MPO": _walk_jpeg, "WEBP": _walk_webp, "GIF": _walk_gif}
    try:
        end = walk.get(kind, _walk_bmp)(data)
    except IndexError:
        end = len(data) + 1
    if end > len(data):
        raise InputError("the picture is cut off; send all of it")
    return end


def _read(data: bytes, start: int, length: int, order: str = "little") -> int:
    if start + length > len(data):
        raise IndexError
    return int.from_bytes(data[start : start + length], "big" if order == "big" else "little")


def _walk_png(data: bytes) -> int:
    place = 8
    while True:
        length, name = _read(data, place, 4, "big"), data[place + 4 : place + 8]
        place += 12 + length
        if name == b"IEND":
            return place


def _walk_jpeg(data: bytes) -> int:
    place = 2
    while True:
        marker = JPEG_MARKER.search(data, place)
        if marker is None:
            raise IndexError
        place = marker.end()
        kind = data[place - 1]
        if kind == 0xD9:  # end of image
            return place
        if kind not in (0x01, 0xD8):  # all others say how long they are
            place += _read(data, place, 2, "big")


def _walk_webp(data: bytes) -> int:
    length = _read(data, 4, 4)
    return 8 + length + length % 2 if 8 + length < len(data) else 8 + length


def _walk_gif(data: bytes) -> int:
    place = 13 + _measure_palette(data[10])
    while (kind := data[place]) != 0x3B:  # trailer
        if kind == 0x2C:  # an image
            place += 10 + _measure_palette(data[place + 9]) + 1
        elif kind == 0x21:  # an extension
            place += 2
        else:
            raise IndexError
        while length := data[place]:
            place += 1 + length
        place += 1
    return place + 1


def _measure_palette(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _walk_bmp(data: bytes) -> int:
    return _read(data, 2, 4) or len(data)

"""CSV files of every layout: read if there is no doubt about the numbers, or refused with the first wrong place."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from src.data.csv_tables import TableError, read_table

TEXT = "digit,a,b\n7,0,255\n3,18,4\n"
NUMBERS = [[7, 0, 255], [3, 18, 4]]


def make_zip(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return file.getvalue()


LAYOUTS = {
    "plain": TEXT,
    "Windows": TEXT.replace("\n", "\r\n"),
    "old Mac": TEXT.replace("\n", "\r"),
    "mixed line ends": TEXT.replace("\n", "\r").replace("\r", "\r\n", 1),
    "byte order mark": "\ufeff" + TEXT,
    "UTF-16": TEXT.encode("utf-16"),
    "semicolons": TEXT.replace(",", ";"),
    "tabs": TEXT.replace(",", "\t"),
    "quoted": '"digit","a","b"\n"7","0","255"\n"3","18","4"\n',
    "spaces": TEXT.replace(",", " , "),
    "decimals": "digit,a,b\n7.0,0.0,255.0\n3.0,18.0,4.0\n",
    "capitals": TEXT.replace("digit", "Digit"),
    "another name": TEXT.replace("a,b", "a,1x2"),
    "shuffled": "b,digit,a\n255,7,0\n4,3,18\n",
    "numbers of rows": ",digit,a,b\n0,7,0,255\n1000,3,18,4\n",
    "numbers of rows, twice": "Unnamed: 0,,digit,a,b\n0,0,7,0,255\n1000,1000,3,18,4\n",
    "empty columns": "digit,a,b,,\n7,0,255,,\n3,18,4,,\n",
    "empty cells after the rows": "digit,a,b\n7,0,255,\n3,18,4,\n",
    "empty rows": "digit,a,b\n\n7,0,255\n,,\n3,18,4\n\n\n",
    "no last line end": TEXT.rstrip(),
    "gzip": gzip.compress(TEXT.encode(), mtime=0),
    "zip": make_zip(any=TEXT),
}


def write(tmp_path, contents):
    path = tmp_path / "table.csv"
    path.write_bytes(contents.encode() if isinstance(contents, str) else contents)
    return path


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_layout_does_not_matter(tmp_path, name):
    table = read_table(write(tmp_path, LAYOUTS[name]), ("digit", "a", "b"), np.uint8, {"1x2": "b"})
    assert table.dtype == np.uint8 and table.tolist() == NUMBERS


@pytest.mark.parametrize("name", ["a[1]*?{b}", "not UTF-8 \udcff"])
def test_the_name_of_the_file_does_not_matter(tmp_path, monkeypatch, name):
    monkeypatch.setattr("src.data.csv_tables._read_row_by_row", None)  # It is slow, and for other layouts.
    (tmp_path / name).mkdir()
    table = read_table(write(tmp_path / name, TEXT), ("digit", "a", "b"), np.uint8)
    assert table.tolist() == NUMBERS


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ("", "it is empty"),
        ("<!DOCTYPE html><html></html>", "a web page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "Git LFS"),
        (b"\x89PNG\r\n\x1a\n\0\0", "byte 0x89 near its beginning"),
        (TEXT.encode("utf-16-le"), "byte 0x00 near its beginning"),
        (b"\xff\xfe\0", "damaged UTF-16"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "damaged gzip"),
        (make_zip(any=TEXT)[:-9], "damaged zip"),
        (make_zip(any=TEXT, more=TEXT), "a zip file, or a workbook, of 2 files"),
        ("7,0,255\n", "no header"),
        ("digit,a,c\n7,0,255\n", "column 3 is 'c' and b is missing"),
        ("digit,a,a\n7,0,255\n", "column 3 is 'a' again and b is missing"),
        ("digit,a,b,c\n7,0,255,1\n", "column 4 is 'c'"),
        ("digit,a\n7,0\n", "b is missing"),
        (TEXT + TEXT, "data row 3, digit is 'digit'"),
        (TEXT + "1,2\n", "data row 3 has 2 of 3 columns"),
        (TEXT + "1,2,3,4\n", "data row 3 has 4 of 3 columns"),
        (TEXT + "1,2,\n", "data row 3, b is ''"),
        (TEXT + "1,2,256\n", "data row 3, b is '256', not a whole number 0..255"),
        (TEXT + "1,0.5,2\n", "data row 3, a is '0.5'"),
        (TEXT + "1,1_0,2\n", "data row 3, a is '1_0'"),
        (TEXT + "1,2,3\0\0\0", "byte 0x00 in line 4"),
        (TEXT + "1,2,\u0661\n", "byte 0xd9 in line 4"),
        (TEXT + "1" * 200_000 + ",2,3\n", "field larger than"),
        ("digit,a,b\n\n", "no rows"),
    ],
)
def test_the_first_wrong_place_is_named(tmp_path, contents, expected):
    with pytest.raises(TableError, match=expected):
        read_table(write(tmp_path, contents), ("digit", "a", "b"), np.uint8)

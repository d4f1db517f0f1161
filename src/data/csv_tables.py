"""Read CSV files of whole numbers, whichever program has written them, and name the first place that is wrong.

The layout of a file is not prescribed: line ends, separator, encoding, compression, quotation marks, and the order of
the columns may be any, as long as they leave no doubt about the numbers.
"""

import codecs
import csv
import errno
import functools
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

_HEAD_SIZE = 2**16
"""Bytes from which the layout is recognised: more than the longest header."""
_WHOLE_NUMBER = re.compile(r"\s*\+?(\d{1,9})(\.0*)?\s*")
_NO_TEXT = re.compile(rb"[^\t\r\n -~]")
"""A byte that no file of numbers has."""
_PREFIXES = {
    b"<": "it is a web page, not a CSV file",
    b"version https://git-lfs": "it is a pointer of Git LFS, not the file itself (git lfs pull fetches that)",
}
_ZIP_ERRORS = (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, RuntimeError, ValueError)
"""Of the module zipfile. A password, or an unknown compression method, is a RuntimeError."""


class TableError(ValueError):
    """What is wrong with a CSV file: a sentence without the name of the file and the remedy."""

    def __init__(self, problem: str, found: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.found = tuple(found)  # the names of the columns, if these are wrong


class _Source(NamedTuple):
    """A CSV file whose header has been understood."""

    text: Path | bytes  # the file itself where Polars can read it, or its text: UTF-8 with line feeds
    separator: str
    names: list[str]  # of all columns; those to be ignored have names that are not asked for


def read_table(
    path: Path, columns: tuple[str, ...], dtype: type[np.unsignedinteger[Any]], aliases: Mapping[str, str] | None = None
) -> npt.NDArray[Any]:
    """Read a CSV file that has these columns, and in them nothing but whole numbers.

    Args:
        path: an existing file.
        columns: the names that the header must have, in the order of the result. Columns without a name are ignored.
        dtype: an unsigned type; the numbers must be in its range.
        aliases: other names of columns.

    Returns:
        The numbers, of the type `dtype`, (n, len(columns)). Empty rows are left out.

    Raises:
        TableError: the file has other columns, an incomplete row, or something else than whole numbers.
    """
    source = _open(path, columns, aliases or {})
    table = _read_quickly(source, columns, dtype)
    if table is None:
        table = _read_row_by_row(source, columns, dtype)
    if not len(table):
        raise TableError("it has a header but no rows")
    return table


def _open(path: Path, columns: tuple[str, ...], aliases: Mapping[str, str]) -> _Source:
    with path.open("rb") as file:
        head = file.read(_HEAD_SIZE)
    text: Path | bytes = path
    if (decoded := _decode(path, head)) is not None:
        text, head = decoded, decoded[:_HEAD_SIZE]
    line = head.removeprefix(codecs.BOM_UTF8).split(b"\n")[0].rstrip()
    separator = max(",;\t|", key=lambda candidate: line.count(candidate.encode()))
    names = [name.strip(" \"'") for name in line.decode(errors="replace").split(separator)]
    known = {column.lower(): column for column in columns}
    found = ["" if name.startswith("Unnamed: ") else known.get(name.lower(), aliases.get(name, name)) for name in names]
    if set(columns) != set(found) - {""} or len(found) - found.count("") != len(columns):
        raise TableError(_find_kind(head) or _find_wrong_column(names, found, columns), found)
    return _Source(text, separator, [name or f" {number}" for number, name in enumerate(found)])


def _decode(path: Path, head: bytes) -> bytes | None:
    """Return the text of a file that Polars cannot read as it is, in UTF-8 with line feeds; None for other files."""
    if head.startswith(b"PK\x03\x04"):
        text = _unzip(path)
    elif head.startswith(b"\x1f\x8b"):
        try:
            text = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(f"it is a damaged gzip file ({error})") from None
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (b"\r" in head and b"\n" not in head):
        text = path.read_bytes()
    else:
        return None
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            text = text.decode("utf-16").encode()
        except UnicodeError as error:
            raise TableError(f"it is damaged UTF-16 text ({error})") from None
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _unzip(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if not name.startswith("__MACOSX/")]
            if len(members) == 1:
                return archive.read(members[0])
    except Exception as error:
        if not is_zip_damage(error):
            raise
        raise TableError(f"it is a damaged zip file, or needs a password ({error})") from None
    raise TableError(f"it is not a CSV file but a zip file, or a workbook, of {len(members)} files")


def is_zip_damage(error: Exception) -> bool:
    """Tell whether a zip file could not be read because it is damaged or needs a password."""
    if isinstance(error, OSError):  # With other numbers, it is an error of the disk.
        return error.errno in (None, errno.EINVAL)
    return isinstance(error, _ZIP_ERRORS)


def _find_kind(head: bytes) -> str | None:
    """Recognise a file that has no header at all."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not start:
        return "it is empty, without even a line of column names"
    for prefix, kind in _PREFIXES.items():
        if start.startswith(prefix):
            return kind
    if match := _NO_TEXT.search(head.removeprefix(codecs.BOM_UTF8)):
        return f"it is not a readable CSV file: there is a byte 0x{match[0].hex()} near its beginning"
    if re.match(rb"[\d.,;\s]+\n", start):
        return "it has no header: its first line is numbers, not names of columns"
    return None


def _find_wrong_column(names: list[str], found: list[str], columns: tuple[str, ...]) -> str:
    expected = ",".join(columns) if len(columns) < 4 else f"{columns[0]},{columns[1]},...,{columns[-1]}"
    problems = [
        f"column {number} is {names[number - 1][:20]!r}" + (" again" if name in columns else "")
        for number, name in enumerate(found, start=1)
        if name and (name not in columns or name in found[: number - 1])
    ][:1]
    problems += [f"{column} is missing" for column in columns if column not in found][:1]
    return f"its {len(found)} columns are not {expected}: {' and '.join(problems)}"


def _read_quickly(
    source: _Source, columns: tuple[str, ...], dtype: type[np.unsignedinteger[Any]]
) -> npt.NDArray[Any] | None:
    """Read with Polars; None if there is anything that Polars does not take for a number."""
    kind = {np.uint8: pl.UInt8, np.uint32: pl.UInt32}[dtype]
    schema = {name: kind if name in columns else pl.String for name in source.names}
    # Not the path: Polars takes * and [ in it for patterns, and refuses names that are not UTF-8.
    opened = source.text.open("rb") if isinstance(source.text, Path) else io.BytesIO(source.text)
    try:
        # The header has been read; Polars would not match names with spaces or quotation marks.
        with opened as file:
            table = pl.read_csv(file, has_header=False, skip_rows=1, separator=source.separator, schema=schema)
    except pl.exceptions.PolarsError:
        return None
    if any(table.null_count().row(0)):  # Polars gives nulls for empty rows, and for missing cells.
        table = table.filter(~pl.all_horizontal(pl.all().is_null()))
    table = table.select(columns)
    return None if any(table.null_count().row(0)) else table.to_numpy(order="c")


def _read_row_by_row(
    source: _Source, columns: tuple[str, ...], dtype: type[np.unsignedinteger[Any]]
) -> npt.NDArray[Any]:
    """Read with Python's csv module, ten times as slow: accept a little more, and name the first wrong place.

    Whole numbers may be written as 7.0 or with spaces, and rows may end with empty cells.
    """
    text = source.text.read_bytes() if isinstance(source.text, Path) else source.text
    text = text.removeprefix(codecs.BOM_UTF8)
    if match := _NO_TEXT.search(text):
        line = text.count(b"\n", 0, match.start()) + 1
        raise TableError(f"there is a byte 0x{match[0].hex()} in line {line}, so it is damaged")
    rows = csv.reader(io.StringIO(text.decode(), newline=""), delimiter=source.separator)
    places = [source.names.index(column) for column in columns]
    num_columns, maximum = len(source.names), np.iinfo(dtype).max
    numbers: list[npt.NDArray[Any]] = []
    try:
        next(rows)
        for number, row in enumerate((row for row in rows if any(map(str.strip, row))), start=1):
            if len(row) < num_columns or any(map(str.strip, row[num_columns:])):
                raise TableError(f"data row {number} has {len(row)} of {num_columns} columns, so the file is damaged")
            values = [_parse(row[place]) for place in places]
            if min(values) < 0 or max(values) > maximum:
                wrong = next(i for i, value in enumerate(values) if not 0 <= value <= maximum)
                cell = row[places[wrong]][:20]
                raise TableError(f"data row {number}, {columns[wrong]} is {cell!r}, not a whole number 0..{maximum}")
            numbers.append(np.array(values, dtype))
    except csv.Error as error:
        raise TableError(f"it is not a readable CSV file ({error})") from None
    return np.array(numbers, dtype).reshape(-1, len(columns))


@functools.lru_cache(maxsize=2**16)
def _parse(cell: str) -> int:
    """Return a whole number, or -1 for anything else."""
    match = _WHOLE_NUMBER.fullmatch(cell)
    return int(match[1]) if match else -1

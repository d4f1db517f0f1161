"""How accurate the app is on a directory of labelled pictures, how far its confidence can be trusted, and how fast."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from src.app.vision.picture_files import recognise_digit_files, recognise_number_files
from src.app.vision.recogniser import NumberPrediction
from src.common.errors import InputError
from src.common.metrics import standard_error

LABELS_FILE = "labels.csv"
NUM_WORST = 20
CONFIDENCE_LEVELS = (0.0, 0.5, 0.8, 0.95, 0.99)
"""Lower bounds of the rows of a reliability table."""


class Answer(NamedTuple):
    """What the app answers for one picture."""

    kind: str
    file: str
    label: str
    text: str  # empty without digits
    confidence: float
    milliseconds: float = 0.0  # from the file's bytes to the answer
    height: float = 0.0  # pixels of the digits of a number

    @property
    def is_right(self) -> bool:
        """Whether the whole label was recognised."""
        return self.text == self.label


def measure_pictures(directory: Path) -> dict[str, Any]:
    """Recognise all pictures of a directory: as one digit, or as a number if the label has several characters.

    Args:
        directory: pictures, and `labels.csv` with the columns `file` and `label`. A file's name up to the last _ is the
            kind of the picture.

    Returns:
        pictures: for each kind the number of pictures, the accuracy and the median of the milliseconds.
        numbers: for each length, and for each quarter of the digits' height, the same figures of the numbers.
        digit_confidence, number_confidence: see `make_reliability_table`.
        worst: wrong answers, the most confident ones first.

    Raises:
        InputError: there is no `labels.csv`, it lacks a column, or a picture is missing or cannot be decoded.
    """
    answers = [_recognise(directory, row["file"], row["label"]) for row in _read_labels(directory)]
    numbers = [answer for answer in answers if len(answer.label) > 1]
    by_length = sorted(numbers, key=lambda answer: len(answer.label))
    worst = sorted((answer for answer in answers if not answer.is_right), key=lambda answer: -answer.confidence)
    return {
        "pictures": summarise_kinds(answers),
        "numbers": {
            **summarise_kinds(answer._replace(kind=f"{len(answer.label)} digits") for answer in by_length),
            **summarise_heights(numbers),
        },
        "digit_confidence": make_reliability_table(answer for answer in answers if len(answer.label) == 1),
        "number_confidence": make_reliability_table(numbers),
        "worst": [
            {"file": answer.file, "label": answer.label, "text": answer.text, "confidence": round(answer.confidence, 3)}
            for answer in worst[:NUM_WORST]
        ],
    }


def summarise_kinds(answers: Iterable[Answer]) -> dict[str, dict[str, float]]:
    """Summarise the answers for each kind: number, accuracy with its standard error, median milliseconds."""
    kinds: defaultdict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        kinds[answer.kind].append(answer)
    return {kind: _summarise(found) for kind, found in kinds.items()}


def summarise_heights(answers: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """Summarise the answers for each quarter of the digits' height as `summarise_kinds` does."""
    ordered = sorted(answers, key=lambda answer: answer.height)
    kinds = []
    for quarter in np.array_split(np.arange(len(ordered)), 4):
        found = [ordered[i] for i in quarter]
        kinds += [one._replace(kind=f"{found[0].height:.0f} to {found[-1].height:.0f} pixels") for one in found]
    return summarise_kinds(kinds)


def _summarise(answers: Sequence[Answer]) -> dict[str, float]:
    accuracy = float(np.mean([answer.is_right for answer in answers]))
    return {
        "number": len(answers),
        "right": sum(answer.is_right for answer in answers),
        "accuracy": round(accuracy, 4),
        "standard_error": round(standard_error(accuracy, len(answers)), 4),
        "median_ms": round(float(np.median([answer.milliseconds for answer in answers])), 2),
    }


def make_reliability_table(answers: Iterable[Answer]) -> list[dict[str, float]]:
    """Count answers and right answers by confidence: one row per level, up to the next, without empty rows."""
    answers = list(answers)
    levels = np.searchsorted(CONFIDENCE_LEVELS, [answer.confidence for answer in answers], side="right") - 1
    table = []
    for level, lowest in enumerate(CONFIDENCE_LEVELS):
        right = [answer.is_right for answer, one in zip(answers, levels, strict=True) if one == level]
        if right:
            row = {"confidence_from": lowest, "number": len(right), "right": sum(right)}
            table.append({**row, "accuracy": round(float(np.mean(right)), 4)})
    return table


def _read_labels(directory: Path) -> list[dict[str, str]]:
    path = directory / LABELS_FILE
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError:
        raise InputError(f"there is no {path}; name a directory with pictures and such a file") from None
    if not rows or any(row.get("file") is None or row.get("label") is None for row in rows):
        raise InputError(f"{path} needs the columns file and label, and a row for each picture")
    return rows


def _recognise(directory: Path, file: str, label: str) -> Answer:
    path = directory / file
    try:
        data = path.read_bytes()
        start, height = perf_counter(), 0.0
        if len(label) > 1:
            (number,) = recognise_number_files([data])
            text, confidence, height = number.text, number.confidence, _measure_height(number)
        else:
            (digit,) = recognise_digit_files([data])
            text, confidence = digit.text, digit.confidence
        milliseconds = 1000 * (perf_counter() - start)
    except FileNotFoundError:
        raise InputError(f"there is no {path}, which {LABELS_FILE} names") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    return Answer(path.stem.rpartition("_")[0] or path.stem, file, label, text, confidence, milliseconds, height)


def _measure_height(number: NumberPrediction) -> float:
    """Measure the median height of the digits that were found, in pixels."""
    boxes = [digit.box for digit in number.digits if digit.box is not None]
    return float(np.median([bottom - top for _, top, _, bottom in boxes])) if boxes else 0.0

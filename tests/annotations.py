"""Made-up annotations."""

import pandas as pd

from src.common.arrays import fingerprint
from src.evaluation.annotations import COLUMNS


def write_annotations(path, dataset, readings):
    """Write a file of annotations.

    Args:
        path: the file to write.
        dataset: with images and labels.
        readings: by row number, the digit that is read, "" for undecidable rows.
    """
    lines = []
    for row, reading in readings.items():
        label = dataset.labels[row]
        verdict = "undecidable" if reading == "" else "correct" if reading == label else "mislabelled"
        lines.append((fingerprint(dataset.images[row]), label, reading, verdict, f"row {row}"))
    pd.DataFrame(lines, columns=COLUMNS).to_csv(path, index=False)
    return path

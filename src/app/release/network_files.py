"""The app's networks as files: NAME.onnx and, beside it, its record NAME.json."""

import json
from pathlib import Path
from typing import Any

import keras

from src.common.files import atomic_write
from src.models.onnx_files import write_onnx


def save_network(model: keras.Model, record: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Write a network and, last, its record, each atomically.

    Args:
        model: the network.
        record: what is known of it; its `experiment` becomes the name of the files.
        directory: where the files go.

    Returns:
        The record with `num_bytes`, the size of the .onnx file.
    """
    onnx_path, record_path = (directory / f"{record['experiment']}{suffix}" for suffix in (".onnx", ".json"))
    record_path.unlink(missing_ok=True)  # After an interruption there is no record, rather than one of another network.
    with atomic_write(onnx_path) as temporary:
        write_onnx(model, temporary)
    record = record | {"num_bytes": onnx_path.stat().st_size}
    with atomic_write(record_path) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")
    return record

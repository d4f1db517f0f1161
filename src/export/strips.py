"""Make the app's second network, which tells apart digits that touch."""

import json
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np

from src.cross_validation import claim
from src.datasets import Dataset
from src.experiments import Experiment
from src.export.files import write_onnx
from src.keras_training import AugmentedBatches, prepare_backend
from src.models import strip_cnn
from src.provenance import describe_environment
from src.strip_lessons import make_strips
from src.strips import find_middles
from src.trainers import KerasTrainer
from src.workspace import READER_DIR, Workspace, locked, replacing

FOLD = 0  # its validation part is held out, so that what is measured on it is honest; the other rows are learnt from
STRIPS = Experiment(
    "strips",
    KerasTrainer(strip_cnn, epochs=4, learning_rate=2e-3, ema_momentum=0.99),
    "Digits that touch: how many they are, where, and which.",
)
NUM_STRIPS = 100_000
NUM_HELD_OUT = 4_000


def ship_strips(
    dataset: Dataset,
    workspace: Workspace,
    directory: Path = READER_DIR,
    experiment: Experiment = STRIPS,
    num_strips: int = NUM_STRIPS,
) -> dict[str, Any]:
    """Train it and write strips.onnx and, last, its record strips.json; an interrupted training goes on.

    Returns:
        The record; its strip_accuracy is the share of held-out strips in which all digits are found and right.
    """
    trainer = experiment.trainer
    assert isinstance(trainer, KerasTrainer)
    seed = experiment.fold_seed(FOLD)
    train_rows, valid_rows = dataset.folds.split(FOLD)
    held_out = make_strips(dataset.images[valid_rows], dataset.labels[valid_rows], NUM_HELD_OUT, seed)
    checkpoint_dir = workspace.whole_checkpoint_dir(experiment.name)
    with locked(checkpoint_dir.parent):
        prepare_backend(seed)
        lessons = make_strips(dataset.images[train_rows], dataset.labels[train_rows], num_strips, seed)
        environment = describe_environment()
        claim(checkpoint_dir, experiment, dataset, lessons, environment | trainer.describe_backend())
        batches = AugmentedBatches(*lessons, trainer.batch_size, None, seed)
        model = trainer.compile(len(batches))
        history = trainer.fit_batches(model, batches, lambda: measure_strips(model, *held_out), checkpoint_dir)
        (directory / "strips.json").unlink(missing_ok=True)  # a record is never that of another network
        with replacing(directory / "strips.onnx") as temporary:
            write_onnx(model, temporary)
        record = {
            **measure_strips(model, *held_out),
            "num_held_out": NUM_HELD_OUT,
            "num_strips": num_strips,
            "num_train_rows": len(train_rows),
            "recipe": experiment.describe(),
            "fingerprints": dataset.fingerprints(),
            **environment,
            "num_bytes": (directory / "strips.onnx").stat().st_size,
            "train_seconds": round(sum(entry["seconds"] for entry in history)),
        }
        with replacing(directory / "strips.json") as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")
        shutil.rmtree(checkpoint_dir)
    return record


def measure_strips(model: keras.Model, strips: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The share of strips, uint8 (n, 28, w, 1), in which all digits are found and right, from the left."""
    proba = np.concatenate(
        [model.predict_on_batch(strips[start : start + 500]) for start in range(0, len(strips), 500)]
    )
    right = [_read(one) == _read(other) for one, other in zip(proba, targets, strict=True)]
    return {"strip_accuracy": round(float(np.mean(right)), 4)}


def _read(proba: np.ndarray) -> list[int]:
    return [int(middle.proba.argmax()) for middle in find_middles(proba)]

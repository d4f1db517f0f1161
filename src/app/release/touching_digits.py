"""Make the app's second network, which tells apart digits that touch."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from src.common.files import atomic_write, locked
from src.common.metrics import standard_error
from src.common.provenance import describe_environment
from src.common.workspace import APP_WEIGHTS_DIR, Workspace
from src.data.datasets import Dataset
from src.experiments import Experiment
from src.export.networks import write_onnx
from src.images.digit_lines import find_digit_centers
from src.models.classifiers import PREDICTION_BATCH
from src.models.networks import strip_cnn
from src.training.backend import prepare_backend
from src.training.distillation import LESSONS
from src.training.keras_fit import AugmentedBatches
from src.training.keras_trainer import KerasTrainer
from src.training.line_images import STRIP_LESSONS, make_strips
from src.validation.cross_validation import claim

FOLD = 0  # its validation part is held out, so that what is measured on it is honest; the other rows are learnt from
TRAINER = KerasTrainer(strip_cnn, epochs=5, learning_rate=2e-3, ema_momentum=0.99)
"""Not in the table of experiments, as it reads no single images: it has no out-of-fold predictions."""
NUM_STRIPS = 200_000
NUM_HELD_OUT = 4_000


def ship_strips(
    dataset: Dataset,
    workspace: Workspace,
    directory: Path = APP_WEIGHTS_DIR,
    trainer: KerasTrainer = TRAINER,
    num_strips: int = NUM_STRIPS,
) -> dict[str, Any]:
    """Train it and write strips.onnx and, last, its record strips.json; an interrupted training goes on.

    Returns:
        The record; its strip_accuracy is the share of held-out strips in which all digits are found and right.
    """
    experiment = Experiment("strips", trainer, "Digits that touch: how many they are, where, and which.")
    train_rows, valid_rows = dataset.folds.split(FOLD)
    seed, other_seed = experiment.fold_seed(FOLD), experiment.fold_seed(dataset.folds.num_folds)
    held_out = make_strips(dataset.images[valid_rows], dataset.labels[valid_rows], NUM_HELD_OUT, other_seed)
    checkpoint_dir = workspace.whole_checkpoint_dir(experiment.name)
    with locked(checkpoint_dir.parent):
        lessons = make_strips(dataset.images[train_rows], dataset.labels[train_rows], num_strips, seed)
        environment = describe_environment() | trainer.describe_backend()
        claim(checkpoint_dir, experiment, dataset, lessons, environment)
        prepare_backend(seed)
        batches = AugmentedBatches(*lessons, trainer.batch_size, None, seed)
        model = trainer.compile(len(batches))
        model, history = trainer.fit_batches(model, batches, lambda: measure_strips(model, *held_out), checkpoint_dir)
        (directory / "strips.json").unlink(missing_ok=True)  # a record is never that of another network
        with atomic_write(directory / "strips.onnx") as temporary:
            write_onnx(model, temporary)
        record = {
            "experiment": experiment.name,
            **measure_strips(model, *held_out),
            "num_train_rows": len(train_rows),
            "num_strips": num_strips,
            "recipe": experiment.describe(),
            "lessons": asdict(STRIP_LESSONS) | {"distortion": asdict(LESSONS.distortion)},
            "fingerprints": dataset.fingerprints(),
            **environment,
            "num_bytes": (directory / "strips.onnx").stat().st_size,
            "train_seconds": round(sum(entry["seconds"] for entry in history)),
        }
        with atomic_write(directory / "strips.json") as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")
        shutil.rmtree(checkpoint_dir)
    return record


def measure_strips(model: keras.Model, strips: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """The share of strips, uint8 (n, 28, w, 1), in which all digits are found and right, from the left, and its error.

    Args:
        targets: what the network should say of them, float32 (n, w / 2, 11).
    """
    starts = range(0, len(strips), PREDICTION_BATCH)
    proba = np.concatenate([model.predict_on_batch(strips[start : start + PREDICTION_BATCH]) for start in starts])
    share = float(np.mean([_read(one) == _read(other) for one, other in zip(proba, targets, strict=True)]))
    return {"strip_accuracy": round(share, 5), "strip_standard_error": round(standard_error(share, len(strips)), 5)}


def _read(proba: np.ndarray) -> list[int]:
    return [int(middle.proba.argmax()) for middle in find_digit_centers(proba)]

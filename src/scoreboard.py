"""One row per experiment, from the fold results alone."""

import numpy as np
import pandas as pd

from src.artifacts import list_trained, load_records, load_valid
from src.errors import InputError
from src.folds import Folds
from src.metrics import accuracy, cross_entropy, macro_f1, standard_error
from src.workspace import Workspace, replacing


def make_scoreboard(workspace: Workspace, folds: Folds) -> pd.DataFrame:
    """Compare all experiments that have a complete fold, best first, and write oof/scoreboard.csv.

    Figures are over the folds that are done. Columns: experiment, folds_done, oof_accuracy, oof_standard_error,
    train_accuracy (of undistorted training rows), macro_f1, log_loss (nats), parameters, train_seconds (sum over
    folds), images_per_second (inference, median over folds).

    Raises:
        InputError: a fold result is damaged.
    """
    rows = [_summarize(workspace, name, folds) for name in list_trained(workspace)]
    board = pd.DataFrame(rows)
    workspace.scoreboard_csv.unlink(missing_ok=True)
    if rows:
        board = board.sort_values("oof_accuracy", ascending=False, ignore_index=True)
        with replacing(workspace.scoreboard_csv) as temporary:
            board.to_csv(temporary, index=False)
    return board


def _summarize(workspace: Workspace, experiment: str, folds: Folds) -> dict[str, object]:
    records = load_records(workspace, experiment, folds.num_folds)
    if not records:
        raise InputError(
            f"{workspace.oof_dir / experiment} holds only folds that {workspace.folds_csv} does not have; restore that "
            "file, or give up the old results: rm -r the directory"
        )
    valid = [load_valid(workspace, record, folds) for record in records]
    labels = folds.labels[np.concatenate([rows for rows, _, _ in valid])]
    proba = np.concatenate([valid_proba for _, valid_proba, _ in valid])
    oof_accuracy = accuracy(labels, proba)
    return {
        "experiment": experiment,
        "folds_done": len(records),
        "oof_accuracy": oof_accuracy,
        "oof_standard_error": standard_error(oof_accuracy, len(labels)),
        "train_accuracy": float(np.mean([record["train_accuracy"] for record in records])),
        "macro_f1": macro_f1(labels, proba),
        "log_loss": cross_entropy(labels, proba),
        "parameters": records[0]["num_parameters"],
        "train_seconds": sum(record["train_seconds"] for record in records),
        "images_per_second": float(np.median([record["inference_images_per_second"] for record in records])),
    }

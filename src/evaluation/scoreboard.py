"""One row per experiment, from the fold results alone."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.metrics import accuracy_gain, compute_metrics
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.validation.fold_results import list_trained, load_fold_predictions, load_fold_records


def make_scoreboard(workspace: Workspace, folds: Folds, against: str | None = None) -> pd.DataFrame:
    """Compare all experiments that have a complete fold, best first, and write oof/scoreboard.csv.

    Figures are over the folds that are done. Columns: experiment, folds_done, those of `metrics.measure`,
    train_accuracy (of undistorted training rows), parameters, model_bytes and train_rows (of one fold), train_seconds
    (sum over folds), images_per_second and single_image_seconds (inference; medians over folds; the latter nan for
    results from before it was measured).

    Args:
        against: an experiment; adds the columns gain and gain_standard_error: how much more accurate the others are
            than it on the rows that both have validated, paired (nan where there are none).

    Raises:
        InputError: a fold result is damaged, or there is none of `against`.
    """
    trained = list_trained(workspace)
    if against is not None and against not in trained:
        raise InputError(f"{workspace.oof_dir} has no results of {against!r}; it has: {', '.join(trained) or 'none'}")
    valid = {name: _load_valid_folds(workspace, name, folds) for name in trained}
    rows = [_summarize(valid[name], folds) for name in trained]
    if against is not None:
        rows = [row | _compare(valid[name], valid[against], folds) for name, row in zip(trained, rows, strict=True)]
    board = pd.DataFrame(rows)
    workspace.scoreboard_csv.unlink(missing_ok=True)
    if rows:
        board = board.sort_values("oof_accuracy", ascending=False, ignore_index=True)
        with atomic_write(workspace.scoreboard_csv) as temporary:
            board.to_csv(temporary, index=False)
    return board


class _ValidFolds(NamedTuple):
    records: list[dict[str, Any]]
    rows: list[np.ndarray]
    proba: list[np.ndarray]


def _load_valid_folds(workspace: Workspace, experiment: str, folds: Folds) -> _ValidFolds:
    records = load_fold_records(workspace, experiment, folds.num_folds)
    if not records:
        raise InputError(
            f"{workspace.oof_dir / experiment} holds only folds that {workspace.folds_csv} does not have; restore that "
            "file, or give up the old results: rm -r the directory"
        )
    rows, proba, _ = zip(*(load_fold_predictions(workspace, record, folds) for record in records), strict=True)
    return _ValidFolds(records, list(rows), list(proba))


def _summarize(valid: _ValidFolds, folds: Folds) -> dict[str, object]:
    records = valid.records
    labels, proba = folds.labels[np.concatenate(valid.rows)], np.concatenate(valid.proba)
    return {
        "experiment": records[0].experiment,
        "folds_done": len(records),
        **compute_metrics(labels, proba),
        "train_accuracy": float(np.mean([record.train_accuracy for record in records])),
        "parameters": records[0].num_parameters,
        "model_bytes": records[0].model_bytes,
        "train_rows": records[0].num_train_rows,
        "train_seconds": sum(record.train_seconds for record in records),
        "images_per_second": float(np.median([record.inference_images_per_second for record in records])),
        "single_image_seconds": float(np.median([record.get("single_image_seconds", np.nan) for record in records])),
    }


def _compare(valid: _ValidFolds, reference: _ValidFolds, folds: Folds) -> dict[str, float]:
    """Paired on the folds that both have."""
    references = {record.fold: proba for record, proba in zip(reference.records, reference.proba, strict=True)}
    common = [number for number, record in enumerate(valid.records) if record.fold in references]
    if not common:
        return {"gain": float("nan"), "gain_standard_error": float("nan")}
    gain, error = accuracy_gain(
        folds.labels[np.concatenate([valid.rows[number] for number in common])],
        np.concatenate([valid.proba[number] for number in common]),
        np.concatenate([references[valid.records[number]["fold"]] for number in common]),
    )
    return {"gain": gain, "gain_standard_error": error}

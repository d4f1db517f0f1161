"""The scoreboard: one row per experiment, computed from the fold results alone."""

import numpy as np
import pandas as pd

from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.metrics import accuracy_gain, compute_metrics
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.evaluation.annotations import DecidableLabels
from src.validation.fold_results import (
    FoldPredictions,
    FoldRecord,
    list_trained,
    load_fold_predictions,
    load_fold_records,
)

_CompleteFolds = list[tuple[FoldRecord, FoldPredictions]]


def make_scoreboard(
    workspace: Workspace, folds: Folds, against: str | None = None, decidable: DecidableLabels | None = None
) -> pd.DataFrame:
    """Compare all experiments that have a complete fold, and write oof/scoreboard.csv.

    Args:
        workspace: where the fold results are.
        folds: the folds they belong to.
        against: an experiment that the others are compared with, paired, on the rows that both have validated.
        decidable: the annotated labels; None for no columns about decidable rows.

    Returns:
        One row per experiment, the best first; all figures are over its complete folds. Columns:
        experiment, folds_done: its name, and the number of complete folds.
        oof_accuracy and the others of `metrics.compute_metrics`.
        train_accuracy: of undistorted training rows.
        parameters, model_bytes, train_rows: of one fold.
        train_seconds: sum over the folds.
        images_per_second, single_image_seconds: of inference, medians over the folds.
        gain, gain_standard_error: only with `against`: how much more accurate the experiment is, and the standard error
            of that difference; nan without a common row.
        decidable_num_rows, decidable_accuracy, decidable_low, decidable_high: only with `decidable`: the accuracy on
            decidable rows and its 95 % confidence interval.

    Raises:
        InputError: a fold result is damaged, or `against` has none.
    """
    trained = list_trained(workspace)
    if against is not None and against not in trained:
        raise InputError(
            f"{workspace.oof_dir} has no results of {against!r}; name another experiment or train this one. "
            f"There are results of: {', '.join(trained) or 'none'}"
        )
    complete = {name: _load_complete_folds(workspace, name, folds) for name in trained}
    rows = [_summarize(complete[name], folds, decidable) for name in trained]
    if against is not None:
        rows = [
            row | _compare(complete[name], complete[against], folds) for name, row in zip(trained, rows, strict=True)
        ]
    board = pd.DataFrame(rows)
    if not rows:
        workspace.scoreboard_csv.unlink(missing_ok=True)
    else:
        board = board.sort_values("oof_accuracy", ascending=False, ignore_index=True)
        with atomic_write(workspace.scoreboard_csv) as temporary:
            board.to_csv(temporary, index=False)
    return board


def _load_complete_folds(workspace: Workspace, experiment: str, folds: Folds) -> _CompleteFolds:
    records = load_fold_records(workspace, experiment, folds.num_folds)
    if not records:
        directory = workspace.oof_dir / experiment
        raise InputError(
            f"{directory} holds only folds that {workspace.folds_csv} does not have; restore that file, or give up the "
            f"old results: rm -r {directory}"
        )
    return [(record, load_fold_predictions(workspace, record, folds)) for record in records]


def _summarize(complete: _CompleteFolds, folds: Folds, decidable: DecidableLabels | None) -> dict[str, object]:
    records = [record for record, _ in complete]
    rows = np.concatenate([predictions.valid_rows for _, predictions in complete])
    proba = np.concatenate([predictions.valid_proba for _, predictions in complete])
    measured = decidable.measure(rows, proba.argmax(axis=1))._asdict() if decidable else {}
    return {
        "experiment": records[0].experiment,
        "folds_done": len(records),
        **compute_metrics(folds.labels[rows], proba),
        "train_accuracy": float(np.mean([record.train_accuracy for record in records])),
        "parameters": records[0].num_parameters,
        "model_bytes": records[0].model_bytes,
        "train_rows": records[0].num_train_rows,
        "train_seconds": sum(record.train_seconds for record in records),
        "images_per_second": float(np.median([record.inference_images_per_second for record in records])),
        "single_image_seconds": float(np.median([record.single_image_seconds for record in records])),
        **{f"decidable_{name}": value for name, value in measured.items()},
    }


def _compare(complete: _CompleteFolds, reference: _CompleteFolds, folds: Folds) -> dict[str, float]:
    """Compute the gain over the reference on the folds that both have."""
    references = {record.fold: predictions for record, predictions in reference}
    pairs = [(predictions, references[record.fold]) for record, predictions in complete if record.fold in references]
    if not pairs:
        return {"gain": float("nan"), "gain_standard_error": float("nan")}
    gain, error = accuracy_gain(
        folds.labels[np.concatenate([predictions.valid_rows for predictions, _ in pairs])],
        np.concatenate([predictions.valid_proba for predictions, _ in pairs]),
        np.concatenate([predictions.valid_proba for _, predictions in pairs]),
    )
    return {"gain": gain, "gain_standard_error": error}

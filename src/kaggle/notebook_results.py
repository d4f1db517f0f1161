"""Results that a Kaggle notebook has left: check them and save them in a workspace."""

import shutil
from pathlib import Path

from src.common.arrays import fingerprint
from src.common.errors import InputError
from src.common.files import atomic_write, hash_file, locked
from src.common.workspace import Workspace
from src.data.csv_files import load_test
from src.data.folds import load_folds
from src.kaggle.submissions import check_submission
from src.validation.fold_results import FoldResult, load_fold_predictions, load_fold_records, save_fold_result


def adopt_results(directory: Path, workspace: Workspace) -> int:
    """Save the complete folds and the submission below a directory in a workspace, as if they had been made there.

    Folds that the workspace already has are left as they are. Nothing is saved unless all results are correct.

    Returns:
        How many folds were saved.

    Raises:
        InputError: there are none, one is damaged or of other data or folds than the workspace's or of another recipe
            than its folds of that experiment, or another process is training one of the experiments.
    """
    fetched = Workspace(directory)
    results = _load_results(fetched, workspace)
    has_submission = fetched.submission_csv.exists()
    if has_submission:
        check_submission(fetched.submission_csv, workspace)
    with locked(*sorted({workspace.oof_dir / result.record.experiment for result in results})):
        new = [result for result in results if _is_new(result, workspace)]
        for result in new:
            save_fold_result(result, workspace)
    if has_submission:
        _copy(fetched.submission_csv, workspace.submission_csv)
        _copy(fetched.submission_json, workspace.submission_json)
    return len(new)


def _load_results(fetched: Workspace, workspace: Workspace) -> list[FoldResult]:
    """Load the complete folds in `fetched`, and check that they are whole and of the data and folds of `workspace`."""
    folds, test = load_folds(workspace), fingerprint(load_test(workspace))
    names = sorted(path.name for path in fetched.oof_dir.glob("*") if path.is_dir())
    records = [record for name in names for record in load_fold_records(fetched, name, folds.num_folds)]
    if not records:
        raise InputError("the run at Kaggle has left no complete fold; see its log for the reason")
    results = []
    for record in records:
        if record.fingerprints.get("test") != test:
            raise InputError(
                f"{record.experiment} was trained at Kaggle with other test images than {workspace.test_csv}; "
                "move that file elsewhere and run python -m scripts.download_data"
            )
        path = fetched.oof_dir / record.experiment / record.model_name
        if not path.exists() or hash_file(path) != record.checksums[path.name]:
            raise InputError(
                f"the model of {record.experiment}, fold {record.fold}, was not downloaded completely from Kaggle"
            )
        results.append(FoldResult(load_fold_predictions(fetched, record, folds), path, record))
    return results


def _is_new(result: FoldResult, workspace: Workspace) -> bool:
    """Tell whether the workspace lacks a fold.

    Raises:
        InputError: the workspace has folds of the same experiment that were trained by another recipe.
    """
    experiment = result.record.experiment
    present = load_fold_records(workspace, experiment, load_folds(workspace).num_folds)
    if any(record.recipe_hash != result.record.recipe_hash for record in present):
        raise InputError(
            f"{experiment} was trained at Kaggle by another recipe than in {workspace.oof_dir / experiment}; move that "
            "directory elsewhere to save the folds"
        )
    return result.record.fold not in {record.fold for record in present}


def _copy(source: Path, target: Path) -> None:
    with atomic_write(target) as temporary:
        shutil.copyfile(source, temporary)

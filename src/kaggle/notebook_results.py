"""Results that a Kaggle notebook has left: check them and save them in a workspace."""

import shutil
from pathlib import Path

from src.common.arrays import fingerprint
from src.common.errors import InputError
from src.common.files import atomic_write
from src.common.workspace import Workspace
from src.data.csv_files import load_test
from src.data.folds import load_folds
from src.kaggle.submissions import check_submission
from src.validation.fold_results import (
    FoldRecord,
    FoldResult,
    load_fold_predictions,
    load_fold_records,
    read_fold_predictions,
    save_fold_result,
)


def adopt_results(directory: Path, workspace: Workspace) -> int:
    """Save the complete folds and the submission below a directory in a workspace, as if they had been made there.

    Folds that the workspace already has are left as they are. Nothing is saved unless all results are correct.

    Returns:
        How many folds were saved.

    Raises:
        InputError: there are none, or one is damaged or of other data or folds than the workspace's.
    """
    fetched = Workspace(directory)
    records = _load_fetched_records(fetched, workspace)
    new = [r for r in records if not workspace.fold_path(r.experiment, r.fold, ".json").exists()]
    results = [_load_result(fetched, record) for record in new]
    has_submission = fetched.submission_csv.exists()
    if has_submission:
        check_submission(fetched.submission_csv, workspace)
    for result in results:
        save_fold_result(result, workspace)
    if has_submission:
        _copy(fetched.submission_csv, workspace.submission_csv)
        _copy(fetched.submission_json, workspace.submission_json)
    return len(new)


def _load_fetched_records(fetched: Workspace, workspace: Workspace) -> list[FoldRecord]:
    """Load the records of the complete folds in `fetched`, and check that they belong to `workspace`."""
    folds, test = load_folds(workspace), fingerprint(load_test(workspace))
    names = sorted(path.name for path in fetched.oof_dir.glob("*") if path.is_dir())
    records = [record for name in names for record in load_fold_records(fetched, name, folds.num_folds)]
    if not records:
        raise InputError("the run at Kaggle has left no complete fold; see its log for the reason")
    for record in records:
        load_fold_predictions(fetched, record, folds)  # Checks them.
        if record.fingerprints.get("test") != test:
            raise InputError(
                f"{record.experiment} was trained at Kaggle with other test images than {workspace.test_csv}; "
                "move that file elsewhere and run python -m scripts.download_data"
            )
    return records


def _load_result(fetched: Workspace, record: FoldRecord) -> FoldResult:
    experiment, fold = record.experiment, record.fold
    files = (fetched.oof_dir / experiment).glob(f"fold_{fold}.*")
    models = [path for path in files if path.suffix not in {".npz", ".json"}]
    if len(models) != 1 or models[0].stat().st_size != record.model_bytes:
        raise InputError(f"the model of {experiment}, fold {fold}, was not downloaded completely from Kaggle")
    return FoldResult(read_fold_predictions(fetched, experiment, fold), models[0], record)


def _copy(source: Path, target: Path) -> None:
    with atomic_write(target) as temporary:
        shutil.copyfile(source, temporary)

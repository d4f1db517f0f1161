"""Take the competition's files from zip files, directories or CSV files safely, and check the files of input/."""

import filecmp
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PAGE
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import DOWNLOAD_REMEDY, check_sample_submission, load_test, load_train
from src.data.csv_tables import is_zip_damage

REQUIRED_FILES = ("test.csv", "train.csv")
COMPETITION_FILES = ("sample_submission.csv", *REQUIRED_FILES)
"""In the order in which they are written: where train.csv exists, all of them do. The first may be missing."""
_REMEDY = f"download it again from {PAGE}/data"


def unpack(sources: Sequence[Path], workspace: Workspace, force: bool = False) -> None:
    """Copy the competition's CSV files into input/; all are checked before the first one is put in place.

    Args:
        sources: zip files or directories that hold the files, at any depth, or the files themselves.
        workspace: which gets the files.
        force: replace other files of these names in input/.

    Raises:
        InputError: the workspace holds the embedded sample or, without `force`, other files of these names; or a source
            is not a whole zip file, lacks train.csv or test.csv, has one of them twice, has an entry outside its
            directory, or holds other data than 42,000 + 28,000 images.
    """
    if workspace.test_labels_csv.exists():
        raise InputError(
            f"{workspace.input_dir} holds the embedded sample; use another workspace: set DIGITS_WORKSPACE to its path"
        )
    staging = Workspace(workspace.download_dir)  # A workspace of its own, so that `verify_input` can check it.
    shutil.rmtree(staging.input_dir, ignore_errors=True)
    staging.input_dir.mkdir(parents=True, exist_ok=True)
    try:
        for source in sources:
            _copy_files(source, staging.input_dir)
        _require_whole(staging)
        new = [staging.input_dir / name for name in COMPETITION_FILES if (staging.input_dir / name).exists()]
        for path in new:
            present = workspace.input_dir / path.name
            if not force and present.exists() and not filecmp.cmp(path, present, shallow=False):
                raise InputError(f"{present} is another {path.name}, which is not replaced; move it elsewhere first")
        for path in new:
            path.replace(workspace.input_dir / path.name)
    except InputError as error:
        raise InputError(f"{', '.join(map(str, sources))}: {error}") from None
    finally:
        shutil.rmtree(staging.input_dir, ignore_errors=True)


def _require_whole(staging: Workspace) -> None:
    """Check that all files are there, and that they are the competition's."""
    for name in REQUIRED_FILES:
        if not (staging.input_dir / name).exists():
            raise InputError(f"there is no {name} in it; {_REMEDY}")
    try:
        verify_input(staging)
    except InputError as error:
        raise InputError(str(error).replace(f"{staging.input_dir}/", "").replace(DOWNLOAD_REMEDY, _REMEDY)) from None


def require_no_files(workspace: Workspace) -> None:
    """Check that input/ has no data from which the user expects to train, before other data are used instead.

    Raises:
        InputError: it has some of the files, or a zip file or directory that may hold them.
    """
    report = workspace.data_report_html
    reports = (workspace.feedback_csv, report, report.with_suffix(""))
    given = [path for path in sorted(workspace.input_dir.glob("[!.]*")) if path not in reports]
    missing = [name for name in REQUIRED_FILES if not (workspace.input_dir / name).exists()]
    if given and missing:
        raise InputError(
            f"{workspace.input_dir} holds {', '.join(path.name for path in given)} but no {' and no '.join(missing)}; "
            "add the missing files (python -m scripts.download_data --from-zip PATH unpacks them), or move what is "
            "there elsewhere"
        )


def verify_input(workspace: Workspace) -> None:
    """Check that input/ holds the competition's 42,000 + 28,000 images, with all pixels and labels in range.

    Raises:
        InputError: it does not.
    """
    num_train_rows, num_test_rows = len(load_train(workspace).labels), len(load_test(workspace))
    for path, num_rows, expected in (
        (workspace.train_csv, num_train_rows, NUM_TRAIN_ROWS),
        (workspace.test_csv, num_test_rows, NUM_TEST_ROWS),
    ):
        if num_rows != expected:
            raise InputError(f"{path} has {num_rows} rows, not the competition's {expected}; {DOWNLOAD_REMEDY}")
    check_sample_submission(workspace, NUM_TEST_ROWS)


def _copy_files(source: Path, directory: Path) -> None:
    """Copy the competition's files that a source holds into a directory."""
    if source.is_dir():
        for path in sorted(source.rglob("*.csv")):
            with path.open("rb") as file:
                _copy_file(path.name, file, directory)
    elif not source.is_file():
        raise InputError(f"there is no such file; download it from {PAGE}/data")
    elif source.suffix == ".csv" and not zipfile.is_zipfile(source):
        with source.open("rb") as file:
            _copy_file(source.name, file, directory)
    else:
        _unzip(source, directory)


def _unzip(source: Path, directory: Path) -> None:
    try:
        with zipfile.ZipFile(source) as archive:
            for name in archive.namelist():
                if name.startswith("/") or ".." in Path(name.replace("\\", "/")).parts:
                    raise InputError(f"its entry {name!r} lies outside its directory, so it is not safe; {_REMEDY}")
                with archive.open(name) as file:
                    _copy_file(Path(name).name, file, directory)
    except Exception as error:
        if isinstance(error, InputError) or not is_zip_damage(error):
            raise
        raise InputError(f"it is not a whole zip file, or needs a password ({error}); {_REMEDY}") from None


def _copy_file(name: str, file: IO[bytes], directory: Path) -> None:
    if name in COMPETITION_FILES:
        if (directory / name).exists():
            raise InputError(f"{name} is in it twice; name one of them alone")
        with (directory / name).open("wb") as target:
            shutil.copyfileobj(file, target)

"""Unpack the competition's zip file safely, and check the files of input/."""

import shutil
import zipfile
import zlib
from pathlib import Path

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PAGE
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import DOWNLOAD_REMEDY, load_test, load_train, read_submission

COMPETITION_FILES = ("test.csv", "sample_submission.csv", "train.csv")
"""In the order in which they are written: where train.csv exists, all of them do."""


def unpack(zip_path: Path, workspace: Workspace) -> None:
    """Unpack the competition's three CSV files into input/; all are checked before the first one is put in place.

    Raises:
        InputError: the workspace holds the embedded sample, or the file is not a zip file, is damaged, lacks one of the
            CSV files, has an entry outside its directory, or holds other data than 42,000 + 28,000 images.
    """
    if workspace.test_labels_csv.exists():
        raise InputError(
            f"{workspace.input_dir} holds the embedded sample; use another workspace: set DIGITS_WORKSPACE to its path"
        )
    staging = Workspace(workspace.download_dir)  # A workspace of its own, so that `verify_input` can check it.
    try:
        _extract(zip_path, staging.input_dir)
        verify_input(staging)
        for name in COMPETITION_FILES:
            (staging.input_dir / name).replace(workspace.input_dir / name)
    except InputError as error:
        raise InputError(f"{zip_path}: {error}") from None
    finally:
        shutil.rmtree(staging.input_dir, ignore_errors=True)


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
    read_submission(workspace.sample_submission_csv, NUM_TEST_ROWS)


def _extract(zip_path: Path, directory: Path) -> None:
    remedy = f"download it again from {PAGE}/data"
    if not zip_path.is_file():
        raise InputError(f"there is no such file; download it from {PAGE}/data")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        with zipfile.ZipFile(zip_path) as archive:
            _check_names(archive.namelist(), remedy)
            for name in COMPETITION_FILES:
                with archive.open(name) as source, (directory / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    # RuntimeError: a password is needed; NotImplementedError, a kind of it: the compression method is unknown.
    except (zipfile.BadZipFile, EOFError, zlib.error, RuntimeError) as error:
        raise InputError(f"it is not a whole zip file, or needs a password ({error}); {remedy}") from None


def _check_names(names: list[str], remedy: str) -> None:
    for name in names:
        if name.startswith("/") or ".." in Path(name.replace("\\", "/")).parts:
            raise InputError(f"its entry {name!r} lies outside its directory, so it is not safe; {remedy}")
    for name in COMPETITION_FILES:
        if name not in names:
            raise InputError(f"it holds no {name}; {remedy}")

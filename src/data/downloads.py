"""The competition's files: unpacking the zip safely, and verifying what is there."""

import shutil
import zipfile
import zlib
from pathlib import Path

from src.common.competition import NUM_TEST_ROWS, NUM_TRAIN_ROWS, PAGE
from src.common.errors import InputError
from src.common.workspace import Workspace
from src.data.csv_files import DOWNLOAD_REMEDY, load_test, load_train, read_submission

COMPETITION_FILES = ("test.csv", "sample_submission.csv", "train.csv")  # train.csv last: it tells that all are there


def unpack(zip_path: Path, workspace: Workspace) -> None:
    """Unpack the competition's three CSV files into input/, all of them checked before the first is put in place.

    Raises:
        InputError: not a zip, damaged, empty, without one of the files, with a path that leaves the directory, or
            with other contents than the competition's 42,000 + 28,000 images.
    """
    if workspace.test_labels_csv.exists():
        raise InputError(
            f"{workspace.input_dir} holds the embedded sample; name another workspace with DIGITS_WORKSPACE"
        )
    staging = Workspace(workspace.download_dir)  # laid out like a workspace, so that one check serves both
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
    """Check that input/ holds the competition's 42,000 + 28,000 images, all pixels and labels in range.

    Raises:
        InputError: it does not.
    """
    _, labels = load_train(workspace)
    for path, num_rows, expected in (
        (workspace.train_csv, len(labels), NUM_TRAIN_ROWS),
        (workspace.test_csv, len(load_test(workspace)), NUM_TEST_ROWS),
    ):
        if num_rows != expected:
            raise InputError(f"{path} has {num_rows} rows, not the competition's {expected}; {DOWNLOAD_REMEDY}")
    read_submission(workspace.sample_submission_csv, NUM_TEST_ROWS)


def _extract(zip_path: Path, directory: Path) -> None:
    if not zip_path.is_file():
        raise InputError(f"there is no such file; download it from {PAGE}/data")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        with zipfile.ZipFile(zip_path) as archive:
            names = archive.namelist()
            for name in names:
                if name.startswith("/") or ".." in Path(name.replace("\\", "/")).parts:
                    raise InputError(f"it wants to write outside its directory ({name!r}); do not trust it")
            for name in COMPETITION_FILES:
                if name not in names:
                    raise InputError(f"it holds no {name}; download it anew from {PAGE}/data")
                with archive.open(name) as source, (directory / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
    except (
        zipfile.BadZipFile,
        EOFError,
        zlib.error,
        RuntimeError,
    ) as error:  # RuntimeError: a password is needed, or an unknown compression
        raise InputError(
            f"not a whole zip file, or one that needs a password ({error}); download it anew from {PAGE}/data"
        ) from None

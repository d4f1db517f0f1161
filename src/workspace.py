"""Where files live: the only module that knows file names and reads DIGITS_WORKSPACE."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from src.errors import InputError

REPOSITORY = Path(__file__).resolve().parent.parent
READER_DIR = REPOSITORY / "src" / "app" / "weights"
"""Tracked: the networks of the app, reader.onnx and strips.onnx, and their records, reader.json and strips.json."""
SAMPLE_WORKSPACE = REPOSITORY / ".sample"


@dataclass(frozen=True)
class Workspace:
    """The directory that holds input/, folds/, oof/ and submissions/."""

    root: Path

    @property
    def input_dir(self) -> Path:
        return self.root / "input"

    @property
    def download_dir(self) -> Path:
        return self.input_dir / ".download"

    @property
    def train_csv(self) -> Path:
        return self.input_dir / "train.csv"

    @property
    def test_csv(self) -> Path:
        return self.input_dir / "test.csv"

    @property
    def sample_submission_csv(self) -> Path:
        return self.input_dir / "sample_submission.csv"

    @property
    def test_labels_csv(self) -> Path:
        """The truth of the test rows, in a submission's format; only the embedded sample has it."""
        return self.input_dir / "test_labels.csv"

    @property
    def data_report_html(self) -> Path:
        return self.input_dir / "data_report.html"

    @property
    def flags_csv(self) -> Path:
        """What people said of wrong readings in the app."""
        return self.input_dir / "flagged.csv"

    @property
    def folds_csv(self) -> Path:
        return self.root / "folds" / "folds.csv"

    @property
    def folds_json(self) -> Path:
        return self.root / "folds" / "folds.json"

    @property
    def oof_dir(self) -> Path:
        return self.root / "oof"

    @property
    def scoreboard_csv(self) -> Path:
        return self.oof_dir / "scoreboard.csv"

    @property
    def comparison_html(self) -> Path:
        return self.oof_dir / "comparison.html"

    @property
    def errors_csv(self) -> Path:
        return self.oof_dir / "errors.csv"

    @property
    def error_report_html(self) -> Path:
        return self.oof_dir / "error_report.html"

    @property
    def tuning_dir(self) -> Path:
        """The studies of scripts.tune."""
        return self.oof_dir / "tuning"

    @property
    def submission_csv(self) -> Path:
        return self.root / "submissions" / "submission.csv"

    @property
    def submission_json(self) -> Path:
        return self.root / "submissions" / "submission.json"

    @property
    def submission_log_csv(self) -> Path:
        """What was sent to Kaggle, and what it scored."""
        return self.root / "submissions" / "log.csv"

    @property
    def history_png(self) -> Path:
        return self.root / "submissions" / "history.png"

    def fold_path(self, experiment: str, fold: int, suffix: str) -> Path:
        """One file of a fold result: suffix .npz, .json, .keras or .joblib."""
        return self.oof_dir / experiment / f"fold_{fold}{suffix}"

    def checkpoint_dir(self, experiment: str, fold: int) -> Path:
        """Where an unfinished fold keeps its last finished epoch."""
        return self.fold_path(experiment, fold, ".checkpoint")

    def whole_checkpoint_dir(self, experiment: str) -> Path:
        """The same for a training on all rows."""
        return self.oof_dir / experiment / "whole.checkpoint"


def find_workspace() -> Workspace:
    """The workspace that DIGITS_WORKSPACE names, otherwise the repository itself."""
    return Workspace(Path(os.environ.get("DIGITS_WORKSPACE") or REPOSITORY).resolve())


def find_sample_workspace() -> Workspace:
    """The workspace of the embedded sample: DIGITS_WORKSPACE, otherwise .sample/; never the repository itself."""
    return Workspace(Path(os.environ.get("DIGITS_WORKSPACE") or SAMPLE_WORKSPACE).resolve())


def find_shown_workspace() -> Workspace:
    """The workspace whose images the app shows, and where it keeps flags: that of the sample where the repository
    itself has no test.csv."""
    workspace = find_workspace()
    return workspace if workspace.test_csv.exists() else find_sample_workspace()


def find_kaggle_credentials() -> list[str]:
    """Names of the variables and files in which the kaggle package would look and finds something; no secrets."""
    variables = [name for name in ("KAGGLE_API_TOKEN", "KAGGLE_KEY") if os.environ.get(name)]
    home = Path.home() / ".kaggle"
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    directories = [Path(os.environ.get("KAGGLE_CONFIG_DIR") or home), home, config]
    names = ("access_token", "access_token.txt", "credentials.json", "kaggle.json")
    return variables + [str(path / name) for path in directories for name in names if (path / name).exists()]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that takes its place, synced to disk, when the block ends without error.

    A reader sees the old file or the whole new one, never a part; after an error the temporary file is gone.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".tmp.{os.getpid()}.{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_being_written(temporary: Path) -> bool:
    """Whether the process that `replacing` gave a temporary path to is alive."""
    return Path("/proc", temporary.name.split(".")[2]).exists()


def sweep(directory: Path) -> None:
    """Delete the temporary files that killed processes left in a directory; for whoever holds its lock."""
    for path in directory.glob(".tmp.*"):
        path.unlink()


@contextmanager
def locked(*directories: Path, wait: bool = False) -> Iterator[None]:
    """Keep other processes out of the directories while the block runs; a process that dies lets go.

    Args:
        wait: until the others have let go, for what takes a moment.

    Raises:
        InputError: another process is at work in one of them.
    """
    with ExitStack() as stack:
        for directory in directories:
            directory.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context((directory / ".lock").open("w"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(f"another process is training in {directory}; wait for it or stop it") from None
        yield

"""Paths of files and directories. Only this module reads DIGITS_WORKSPACE."""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from src.common.errors import InputError

REPOSITORY = Path(__file__).resolve().parents[2]
APP_WEIGHTS_DIR = REPOSITORY / "src" / "app" / "weights"
"""The app's networks, recogniser.onnx and digit_lines.onnx, each with its record as .json; tracked by git."""
SAMPLE_WORKSPACE = REPOSITORY / ".sample"
LABEL_ISSUES_CSV = REPOSITORY / "oof" / "label_issues.csv"
"""Annotations that come with the code; tracked by git."""


@dataclass(frozen=True)
class Workspace:
    """A directory that holds input/, folds/, oof/ and submissions/."""

    root: Path

    @property
    def directories(self) -> tuple[Path, ...]:
        """All directories that commands write to."""
        return tuple(self.root / name for name in ("input", "folds", "oof", "submissions"))

    @property
    def input_dir(self) -> Path:
        """Directory of the data; scripts.download_data writes it."""
        return self.root / "input"

    @property
    def download_dir(self) -> Path:
        """Directory of an unfinished download."""
        return self.input_dir / ".download"

    @property
    def train_csv(self) -> Path:
        """The competition's training images and labels."""
        return self.input_dir / "train.csv"

    @property
    def test_csv(self) -> Path:
        """The competition's test images."""
        return self.input_dir / "test.csv"

    @property
    def sample_submission_csv(self) -> Path:
        """The competition's example of a submission."""
        return self.input_dir / "sample_submission.csv"

    @property
    def test_labels_csv(self) -> Path:
        """Labels of the test images, in the format of a submission; only the embedded sample has them."""
        return self.input_dir / "test_labels.csv"

    @property
    def data_report_html(self) -> Path:
        """Report of scripts.explore_data."""
        return self.input_dir / "data_report.html"

    @property
    def feedback_csv(self) -> Path:
        """Images that users of the app have corrected, with the right labels."""
        return self.input_dir / "feedback.csv"

    @property
    def folds_csv(self) -> Path:
        """Fold of each row of train.csv; scripts.make_folds writes it."""
        return self.root / "folds" / "folds.csv"

    @property
    def folds_json(self) -> Path:
        """Number of folds, seed and fingerprint of train.csv, for folds.csv."""
        return self.root / "folds" / "folds.json"

    @property
    def oof_dir(self) -> Path:
        """Directory of the fold results: a subdirectory for each experiment."""
        return self.root / "oof"

    @property
    def scoreboard_csv(self) -> Path:
        """Table of scripts.evaluate."""
        return self.oof_dir / "scoreboard.csv"

    @property
    def comparison_html(self) -> Path:
        """Report of scripts.evaluate --html."""
        return self.oof_dir / "comparison.html"

    @property
    def reports_html(self) -> Path:
        """Page that lists the reports of the workspace."""
        return self.oof_dir / "index.html"

    @property
    def errors_csv(self) -> Path:
        """Table of scripts.analyze_errors."""
        return self.oof_dir / "errors.csv"

    @property
    def error_report_html(self) -> Path:
        """Report of scripts.analyze_errors."""
        return self.oof_dir / "error_report.html"

    @property
    def error_rows_html(self) -> Path:
        """Row ledger of the images in the error report."""
        return self.oof_dir / "error_rows.html"

    @property
    def annotations_csv(self) -> Path:
        """Annotations of this workspace; scripts.analyze_errors --annotations adds to it."""
        return self.oof_dir / "annotations.csv"

    @property
    def cleanlab_csv(self) -> Path:
        """Label issues as cleanlab names them; scripts.analyze_errors writes them."""
        return self.oof_dir / "cleanlab.csv"

    @property
    def rows_csv(self) -> Path:
        """Table of scripts.inspect_rows."""
        return self.oof_dir / "rows.csv"

    @property
    def rows_html(self) -> Path:
        """Page of scripts.inspect_rows."""
        return self.oof_dir / "rows.html"

    @property
    def tuning_dir(self) -> Path:
        """Directory of the studies of scripts.tune."""
        return self.oof_dir / "tuning"

    @property
    def tracking_dir(self) -> Path:
        """Directory of what scripts.train --log writes for other programs."""
        return self.oof_dir / "tracking"

    @property
    def submission_csv(self) -> Path:
        """Labels for Kaggle; scripts.ensemble writes them."""
        return self.root / "submissions" / "submission.csv"

    @property
    def submission_json(self) -> Path:
        """Members, weights and score of submission.csv."""
        return self.root / "submissions" / "submission.json"

    @property
    def submission_log_csv(self) -> Path:
        """What was sent to Kaggle, with its scores; scripts.submit writes it."""
        return self.root / "submissions" / "log.csv"

    @property
    def history_png(self) -> Path:
        """Plot of scripts.submissions."""
        return self.root / "submissions" / "history.png"

    def fold_path(self, experiment: str, fold: int, suffix: str) -> Path:
        """Return the path of one file of a fold result, whose suffix is .npz, .json, .keras or .joblib."""
        return self.oof_dir / experiment / f"fold_{fold}{suffix}"

    def checkpoint_dir(self, experiment: str, fold: int) -> Path:
        """Return the directory where an unfinished fold keeps its last finished epoch."""
        return self.fold_path(experiment, fold, ".checkpoint")

    def release_checkpoint_dir(self, experiment: str) -> Path:
        """Return the directory where an unfinished training on all rows keeps its last finished epoch."""
        return self.oof_dir / experiment / "release.checkpoint"


def find_workspace() -> Workspace:
    """Return the workspace that DIGITS_WORKSPACE names, by default the repository itself."""
    return _find(default=REPOSITORY)


def find_sample_workspace() -> Workspace:
    """Return the workspace for the embedded sample: the one that DIGITS_WORKSPACE names, by default .sample/."""
    return _find(default=SAMPLE_WORKSPACE)


def _find(default: Path) -> Workspace:
    # Path.resolve fails at a link to itself in its own way, which depends on the version of Python.
    return Workspace(Path(os.path.realpath(os.environ.get("DIGITS_WORKSPACE") or default)))


def find_app_workspace() -> Workspace:
    """Return the workspace whose images the app shows and where it keeps feedback.

    It is the usual one if that has a test.csv, otherwise that of the embedded sample.
    """
    workspace = find_workspace()
    return workspace if workspace.test_csv.exists() else find_sample_workspace()


def make_private_dir(name: str) -> Path:
    """Make a directory below the system's temporary one, or find it, which only this user can read and write.

    It is for what libraries keep from one run to the next.

    Args:
        name: of the directory.
    """
    root = Path(tempfile.gettempdir()) / f"digit-recognizer-{os.getuid()}"
    with suppress(FileExistsError):
        root.mkdir(mode=0o700)
    if root.is_symlink() or not root.is_dir() or root.stat().st_uid != os.getuid():  # Someone else has made it.
        root = Path(tempfile.mkdtemp())
    directory = root / name
    directory.mkdir(exist_ok=True)
    return directory


def find_thread_limit() -> int | None:
    """Return the number of threads that TF_NUM_INTRAOP_THREADS allows; OMP_NUM_THREADS is its default.

    Raises:
        InputError: it is no whole number above 0.
    """
    limit = os.environ.get("TF_NUM_INTRAOP_THREADS")
    if limit and not (limit.isdecimal() and int(limit) > 0):
        raise InputError(f"the number of threads is {limit!r}; set OMP_NUM_THREADS to a number such as 2, or unset it")
    return int(limit) if limit else None


@dataclass(frozen=True)
class KaggleSettings:
    """Where the kaggle package looks for credentials."""

    variables: dict[str, str]  # those that are set and not empty
    config_dir: Path  # of kaggle.json
    other_dirs: tuple[Path, ...]  # of a kaggle.json that is not read
    token_files: tuple[Path, ...]
    login_file: Path  # of `kaggle auth login`


def find_kaggle_settings() -> KaggleSettings:
    """Find where the kaggle package looks for credentials, without reading the files."""
    names = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  Path.home() fails where the home is not known.
    in_home, in_config = home / ".kaggle", Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "kaggle"
    config_dir = Path(os.environ.get("KAGGLE_CONFIG_DIR") or (in_home if in_home.exists() else in_config))
    return KaggleSettings(
        variables={name: os.environ[name] for name in names if os.environ.get(name)},
        config_dir=config_dir,
        other_dirs=tuple(path for path in (in_home, in_config) if path != config_dir),
        token_files=(in_home / "access_token", in_home / "access_token.txt"),
        login_file=in_home / "credentials.json",
    )

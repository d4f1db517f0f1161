"""Where files live: the only module that knows file names and reads DIGITS_WORKSPACE."""

import os
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
APP_WEIGHTS_DIR = REPOSITORY / "src" / "app" / "weights"
"""Tracked: the app's networks, recogniser.onnx and touching_digits.onnx, each with its record beside it as .json."""
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
    def feedback_csv(self) -> Path:
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

    def release_checkpoint_dir(self, experiment: str) -> Path:
        """The same for a training on all rows."""
        return self.oof_dir / experiment / "release.checkpoint"


def find_workspace() -> Workspace:
    """The workspace that DIGITS_WORKSPACE names, otherwise the repository itself."""
    return Workspace(Path(os.environ.get("DIGITS_WORKSPACE") or REPOSITORY).resolve())


def find_sample_workspace() -> Workspace:
    """The workspace of the embedded sample: DIGITS_WORKSPACE, otherwise .sample/; never the repository itself."""
    return Workspace(Path(os.environ.get("DIGITS_WORKSPACE") or SAMPLE_WORKSPACE).resolve())


def find_app_workspace() -> Workspace:
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

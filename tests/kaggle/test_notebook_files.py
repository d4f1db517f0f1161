"""The script that trains at Kaggle, and a run of it as a process."""

import base64
import io
import runpy
import shutil
import subprocess
import sys
import zipfile

import pytest

from src.common.workspace import Workspace
from src.data.csv_files import load_train
from src.data.folds import load_folds, make_folds, save_folds
from src.kaggle.notebook_files import write_notebook
from src.validation.oof import load_oof_predictions
from tests.conftest import files_below, snapshot


def run_notebook(directory, working_dir, mounted, offline):
    """Run run.py as Kaggle does: in an empty directory, without credentials, with the data below `mounted`."""
    working_dir.mkdir()
    environment = offline | {"KAGGLE_INPUT_DIR": str(mounted)}
    command = [sys.executable, str(directory / "run.py")]
    return subprocess.run(command, cwd=working_dir, env=environment, capture_output=True, text=True)


def test_the_script_holds_the_code_the_folds_and_the_requirements(small, tmp_path, monkeypatch):
    write_notebook(tmp_path, "someone", ["logistic_pca"], small)
    script = runpy.run_path(str(tmp_path / "run.py"))
    assert script["EXPERIMENTS"] == ["logistic_pca"] and "scikit-learn" in script["REQUIREMENTS"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(script["CODE"]))) as archive:
        assert {"src/experiments.py", "scripts/run_folds.sh", "COMMIT"} <= set(archive.namelist())
        assert archive.read("workspace/folds/folds.csv") == small.folds_csv.read_bytes()


def test_the_script_installs_nothing_where_all_is_installed(small, tmp_path, monkeypatch):
    write_notebook(tmp_path, "someone", [], small)
    script, installed = runpy.run_path(str(tmp_path / "run.py")), []
    monkeypatch.setattr(subprocess, "run", lambda command, **options: installed.append(command))
    script["install_missing"]()
    assert installed == []
    script["REQUIREMENTS"].append("surely_missing>=2; python_version > '3'")
    script["install_missing"]()
    assert installed == [[sys.executable, "-m", "pip", "install", "--quiet", script["REQUIREMENTS"][-1]]]


def test_a_run_without_data_says_so(small, tmp_path, offline):
    write_notebook(tmp_path, "someone", [], small)
    result = run_notebook(tmp_path, tmp_path / "working", tmp_path / "nothing", offline)
    assert result.returncode == 1 and "add the competition's data" in result.stderr


@pytest.mark.slow
def test_the_script_runs_in_an_empty_directory(sample, tmp_path, offline):
    """With the data mounted deep below the input directory, as at Kaggle, and the folds that it was given."""
    workspace = Workspace(tmp_path / "workspace")
    shutil.copytree(sample.input_dir, workspace.input_dir)
    save_folds(make_folds(*load_train(workspace), num_folds=3), workspace)
    mounted = tmp_path / "mounted" / "competitions" / "digit-recognizer"
    shutil.copytree(sample.input_dir, mounted)
    write_notebook(tmp_path, "someone", ["logistic_pca"], workspace)
    working_dir = tmp_path / "working"
    result = run_notebook(tmp_path, working_dir, tmp_path / "mounted", offline)
    assert result.returncode == 0, result.stderr
    written = files_below(working_dir)
    assert {"folds/folds.csv", "submissions/submission.csv", "submissions/submission.json"} <= written
    assert not {name for name in written if name.startswith("input") or name.endswith(".py")}
    predictions = load_oof_predictions(Workspace(working_dir), "logistic_pca", load_folds(workspace))
    assert len(predictions.records) == 3 and predictions.records[0].commit


@pytest.mark.slow
def test_the_script_runs_on_data_of_full_size_that_cannot_be_written(full_size_zip, tmp_path, offline):
    """As at Kaggle: 42,000 + 28,000 images, no credentials, no network, input that is read only."""
    workspace = Workspace(tmp_path / "workspace")
    shutil.unpack_archive(full_size_zip, workspace.input_dir)
    save_folds(make_folds(*load_train(workspace), num_folds=2), workspace)
    for path in workspace.input_dir.iterdir():
        path.chmod(0o444)
    before = snapshot(workspace.input_dir)
    write_notebook(tmp_path, "someone", ["logistic_pca"], workspace)
    working_dir = tmp_path / "working"
    result = run_notebook(tmp_path, working_dir, workspace.input_dir, offline)
    assert result.returncode == 0, result.stderr
    assert len((working_dir / "submissions" / "submission.csv").read_text().splitlines()) == 28_001
    assert snapshot(workspace.input_dir) == before

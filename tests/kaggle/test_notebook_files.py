"""The notebook, run as Kaggle and Colab do: in an empty directory, by a kernel that does not know this repository."""

import base64
import io
import json
import os
import shutil
import sys
import tarfile

import nbformat
import pytest
from nbclient import NotebookClient

from scripts.make_notebook import main
from src.common.workspace import Workspace
from src.data.csv_files import load_train
from src.data.folds import load_folds, make_folds, save_folds
from src.kaggle.notebook_files import make_notebook, write_pushed_files
from src.validation.oof import load_oof_predictions
from tests.conftest import files_below, snapshot


@pytest.fixture
def run_notebook(tmp_path, offline, monkeypatch):
    """Run a notebook on the data below a directory; returns what its cells have shown, and its working directory."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))

    def run_notebook(text, data_dir):
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        working_dir = tmp_path / "working"
        working_dir.mkdir()
        (settings,) = [cell for cell in notebook.cells if "DATA_DIR =" in cell.source]
        settings.source = settings.source.replace('"/kaggle/input"', repr(os.path.relpath(data_dir, working_dir)))
        resources = {"metadata": {"path": str(working_dir)}}
        NotebookClient(notebook, kernel_name="python3", resources=resources).execute(env=offline)
        outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
        return outputs, working_dir

    return run_notebook


def define(text):
    """Return the names that a notebook defines before it unpacks its code."""
    cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    names = {}
    exec("\n".join(cells[:2]).partition("\nCODE_DIR, ")[0], names)
    return names


def test_the_pushed_notebook_holds_the_code_the_folds_and_the_requirements(small, tmp_path):
    write_pushed_files(tmp_path, "someone", ["logistic_pca"], small)
    metadata = json.loads((tmp_path / "kernel-metadata.json").read_text())
    text = (tmp_path / metadata["code_file"]).read_text()
    names = define(text)
    assert metadata["kernel_type"] == "notebook" and len(text) < 500_000
    assert names["EXPERIMENTS"] == ["logistic_pca"] and "scikit-learn" in names["REQUIREMENTS"]
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(names["CODE"]))) as archive:
        assert {"src/experiments.py", "scripts/run_folds.sh", "COMMIT"} <= set(archive.getnames())
        assert archive.extractfile("workspace/folds/folds.csv").read() == small.folds_csv.read_bytes()


def test_the_notebook_installs_only_what_is_missing():
    names, installed = define(make_notebook([])), []
    names["run"] = lambda *command: installed.append(command)
    names["install_missing"]()
    assert installed == []
    names["REQUIREMENTS"].append("surely_missing>=2; python_version > '3'")
    names["install_missing"]()
    assert installed == [(sys.executable, "-m", "pip", "install", "--quiet", names["REQUIREMENTS"][-1])]


def test_a_failed_command_ends_the_run_after_its_output(tmp_path, capsys):
    names = define(make_notebook([]))
    names["CODE_DIR"] = tmp_path
    with pytest.raises(RuntimeError, match="the lines above"):
        names["run"]("bash", "-c", "echo reason >&2; exit 2")
    assert capsys.readouterr().out == "reason\n"


@pytest.mark.slow
def test_without_data_the_notebook_of_the_command_runs_on_the_sample(run_notebook, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["scripts/make_notebook.py", str(tmp_path / "digits.ipynb"), "smoke"])
    main()
    outputs, working_dir = run_notebook((tmp_path / "digits.ipynb").read_text(), tmp_path / "nothing")
    shown = "".join(output.text for output in outputs if output.output_type == "stream")
    assert "so the sample is used" in shown and "4,000 training images" in shown and "blend: test" in shown
    assert "\x1b" not in shown
    assert len([output for output in outputs if "image/png" in output.get("data", {})]) == 3
    tables = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert "oof_accuracy" in tables[0] and "num_errors" in tables[1]
    assert len((working_dir / "submission.csv").read_text().splitlines()) == 1001
    assert not {name for name in files_below(working_dir) if name.startswith("input") or name.endswith(".py")}


@pytest.mark.slow
def test_a_pushed_notebook_uses_its_folds_and_data_that_cannot_be_written(run_notebook, full_size_zip, tmp_path):
    """As at Kaggle: 42,000 + 28,000 images, deep below the input directory, no credentials, no network."""
    mounted = tmp_path / "mounted" / "competitions" / "digit-recognizer"
    shutil.unpack_archive(full_size_zip, mounted)
    for path in mounted.iterdir():
        path.chmod(0o444)
    before = snapshot(mounted)
    workspace = Workspace(tmp_path / "workspace")
    workspace.root.mkdir()
    workspace.input_dir.symlink_to(mounted)
    save_folds(make_folds(*load_train(workspace), num_folds=2), workspace)
    _, working_dir = run_notebook(make_notebook(["logistic_pca"], workspace), tmp_path / "mounted")
    assert len((working_dir / "submission.csv").read_text().splitlines()) == 28_001
    assert {"submissions/submission.csv", "submissions/submission.json"} <= files_below(working_dir)
    predictions = load_oof_predictions(Workspace(working_dir), "logistic_pca", load_folds(workspace))
    assert len(predictions.records) == 2 and predictions.records[0].commit
    assert snapshot(mounted) == before

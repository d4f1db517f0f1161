"""The main job, bash scripts/run_folds.sh."""

import re
import subprocess

import pytest

from src.common.workspace import REPOSITORY, Workspace
from src.experiments import EXPERIMENTS


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--smaple"], "unknown option --smaple"),
        (["--budget"], "--budget needs a value: minutes, hours or day"),
        (["--budget", "days"], "--budget is minutes, hours or day, not days"),
        (["--budget", "minutes", "strided"], "give only one of --budget, --baselines and experiments"),
        (["--baselines", "strided"], "give only one of --budget, --baselines and experiments"),
        (["--budget", "minutes", "--baselines"], "give only one of --budget, --baselines and experiments"),
        (["--jobs", "none"], "--jobs needs a whole number, as in --jobs 2"),
        (
            ["--log", "--sample"],
            "--log needs a value, as in --runner ray, --ray-address HOST:6379 or --log tensorboard",
        ),
    ],
)
def test_wrong_arguments_are_refused(tmp_path, run_process, arguments, sentence):
    workspace = Workspace(tmp_path / "workspace")
    result = run_process(workspace, "bash", "scripts/run_folds.sh", *arguments)
    assert result.returncode == 2 and f"error: {sentence}\n" in result.stderr
    assert not workspace.root.exists()


def test_a_clone_for_windows_has_scripts_that_bash_reads(tmp_path):
    """With core.autocrlf, git would write CRLF, and bash would look for a command that ends with CR."""
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "-c", "core.autocrlf=true", REPOSITORY, clone], check=True)
    for path in ("scripts/run_folds.sh", "scripts/test.sh", "scripts/environment.sh", ".ci/run", "Makefile"):
        assert b"\r" not in (clone / path).read_bytes()


def test_every_choice_is_in_the_table():
    script = (REPOSITORY / "scripts" / "run_folds.sh").read_text().replace("\\\n", "")  # Join lines.
    lists = re.findall(r"choose ([a-z0-9_ ]+)", script)
    assert len(lists) == 5
    assert {name for names in lists for name in names.split()} <= set(EXPERIMENTS)


@pytest.mark.slow
def test_without_credentials_the_job_runs_on_the_sample(tmp_path, run_process):
    """As on a new machine: the job reports that it uses the sample, and ends with a submission."""
    workspace = Workspace(tmp_path / "workspace")
    result = run_process(workspace, "bash", "scripts/run_folds.sh", "smoke")
    assert result.returncode == 0, result.stderr
    assert "no Kaggle credentials" in result.stderr and "embedded sample" in result.stderr
    assert "this fold needs about" in result.stderr
    assert "kaggle competitions submit digit-recognizer" in result.stdout
    assert len(workspace.submission_csv.read_text().splitlines()) == 1001
    again = run_process(workspace, "bash", "scripts/run_folds.sh", "--sample", "smoke")
    assert again.returncode == 0 and "0 folds to train, 5 complete" in again.stderr

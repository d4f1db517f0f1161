"""The search: continued, shared between processes, measured on inner rows, and pruned."""

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import optuna
import pytest

from scripts import tune as command
from src import experiments
from src.common.errors import InputError
from src.common.workspace import REPOSITORY
from src.data.datasets import load_dataset
from src.experiments import EXPERIMENTS, Experiment
from src.training.classical_trainers import LightGBMTrainer
from src.tuning.search import tune

QUICK = Experiment("quick", LightGBMTrainer(num_rounds=3), "for tests")


@pytest.fixture
def quick(monkeypatch):
    """A search whose trials take a second."""
    monkeypatch.setattr(
        "src.tuning.spaces.TRAINER_SPACES", {LightGBMTrainer: {"num_leaves": lambda t, n: t.suggest_int(n, 2, 9)}}
    )
    monkeypatch.setattr(experiments, "QUICK", QUICK.trainer, raising=False)
    return QUICK


def fake_classifier(digits):
    return SimpleNamespace(predict_proba=lambda images: np.eye(10)[np.zeros(len(images), int) + digits])


def test_a_search_continues_where_it_was(small, quick):
    dataset = load_dataset(small)
    first = tune(quick, dataset, small, num_trials=2)
    assert first.num_complete + first.num_pruned == 2 and first.num_valid_rows == 30
    assert first.recipe.startswith("replace(QUICK") and first.plots[0].read_bytes()[1:4] == b"PNG"
    more = tune(quick, dataset, small, num_trials=4)
    assert more.num_complete + more.num_pruned == 4 and more.best_accuracy >= first.best_accuracy
    assert more.start_accuracy == first.start_accuracy
    assert tune(quick, dataset, small, num_trials=4) == more  # Nothing is left to do.


def test_importances_wait_for_enough_trials(small, quick, monkeypatch):
    monkeypatch.setattr("src.tuning.search.MIN_IMPORTANCE_TRIALS", 2)

    def fit(self, train, valid, seed, context):
        return fake_classifier(valid.labels if self.num_leaves % 2 else 0)  # Odd numbers are always right.

    monkeypatch.setattr(LightGBMTrainer, "fit", fit)
    found = tune(quick, load_dataset(small), small, num_trials=8)
    assert found.importances == pytest.approx({"num_leaves": 1.0}) and len(found.plots) == 2
    monkeypatch.setattr("src.tuning.search.MIN_IMPORTANCE_TRIALS", 3)  # There are only two different values.
    assert not tune(quick, load_dataset(small), small, num_trials=8).importances


def test_the_recipe_is_that_of_the_best_trial(small, quick):
    found = tune(quick, load_dataset(small), small, num_trials=3)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{small.tuning_dir / 'quick.db'}")
    assert study.best_value == found.best_accuracy
    names = {"replace": replace, "QUICK": QUICK.trainer}
    assert eval(found.recipe, names) == LightGBMTrainer(3, num_leaves=study.best_params["num_leaves"])


def test_validation_rows_of_fold_0_are_not_searched_on(small, quick, monkeypatch):
    """Neither to train on nor to measure on: fold 0 judges what is found."""
    seen = []
    monkeypatch.setattr(LightGBMTrainer, "fit", lambda self, train, valid, *rest: seen.append((train, valid)) or 1 / 0)
    dataset = load_dataset(small)
    with pytest.raises(ZeroDivisionError):
        tune(quick, dataset, small, num_trials=1)
    (train, valid), outer = seen[0], dataset.folds.split(0)[0]
    searched = np.concatenate([train.images, valid.images])
    assert len(valid.labels) == 30 and sorted(map(bytes, searched)) == sorted(map(bytes, dataset.images[outer]))


def test_another_recipe_is_another_study(small, quick):
    dataset = load_dataset(small)
    tune(quick, dataset, small, num_trials=2)
    other = replace(quick, trainer=LightGBMTrainer(num_rounds=4))
    assert tune(other, dataset, small, num_trials=1).num_complete == 1


def test_trials_below_the_median_are_pruned_half_way(small, quick, monkeypatch):
    """After five good trials, one that is worse from its start is stopped after half of its stages."""
    stages = []

    def fit(self, train, valid, seed, context):
        hopeless = len(stages) > 5  # The first one is the unchanged experiment.
        stages.append(0)
        for stage in range(1, 11):
            stages[-1] = stage
            context.report({"valid_accuracy": 0.1 if hopeless else 0.9})
        return fake_classifier(0)

    monkeypatch.setattr(LightGBMTrainer, "fit", fit)
    long = replace(quick, trainer=LightGBMTrainer(num_rounds=250))
    found = tune(long, load_dataset(small), small, num_trials=6)
    assert (found.num_complete, found.num_pruned) == (5, 1)
    assert stages == [10, 10, 10, 10, 10, 10, 5]


def test_a_search_without_a_complete_trial_is_an_error(small, quick):
    with pytest.raises(InputError, match="no trial of quick is complete"):
        tune(quick, load_dataset(small), small, num_trials=1, minutes=0)


@pytest.mark.parametrize("name", ["svm_pca", "large_kernel_10"])
def test_an_experiment_without_a_search_space_is_refused(small, name):
    with pytest.raises(InputError, match=rf"no search space for {name}; choose one of: .*lightgbm"):
        tune(EXPERIMENTS[name], load_dataset(small), small, num_trials=1)


def test_another_space_is_another_study(small, quick, monkeypatch):
    dataset = load_dataset(small)
    tune(quick, dataset, small, num_trials=2)
    monkeypatch.setattr(
        "src.tuning.spaces.TRAINER_SPACES", {LightGBMTrainer: {"l2": lambda t, n: t.suggest_float(n, 0, 9)}}
    )
    found = tune(quick, dataset, small, num_trials=1)
    assert found.num_complete == 1 and "l2=" in found.recipe


def test_a_damaged_study_is_named(small, quick):
    path = small.tuning_dir / "quick.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database " * 100)
    with pytest.raises(InputError, match=rf"{path} cannot be used \(.*\); .* delete the file"):
        tune(quick, load_dataset(small), small, num_trials=1)


@pytest.mark.parametrize("arguments", [["--trials", "0"], ["--trials", "x"], ["--minutes", "-1"], ["--minutes", "nan"]])
def test_meaningless_limits_are_refused(monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["tune", "smoke", *arguments])
    with pytest.raises(SystemExit) as exit_:
        command.main()
    assert exit_.value.code == 2 and "number" in capsys.readouterr().err


@pytest.mark.slow
def test_two_processes_share_the_work(small):
    process = [sys.executable, "-m", "scripts.tune", "smoke", "--trials", "6"]
    environment = {"PATH": "", "DIGITS_WORKSPACE": str(small.root)}
    workers = [
        subprocess.Popen(
            process, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    outputs = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert any("replace(TINY" in stdout for stdout, _ in outputs)
    assert all("\ntrial " in stderr for _, stderr in outputs)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{small.tuning_dir / 'smoke.db'}")
    assert 6 <= len(study.trials) <= 7  # Both may be at work when the last trial is finished.

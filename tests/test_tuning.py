"""The search for hyper-parameters: resumed, shared, judged on inner rows, and written so that it can be pasted."""

import subprocess
import sys
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import optuna
import pytest

from src import experiments, models
from src.augmentation import Augmentation, View
from src.classical_trainers import LightGBMTrainer
from src.datasets import load_dataset
from src.errors import InputError
from src.experiments import EXPERIMENTS, Experiment
from src.search_spaces import draw_trainer, is_searchable, spell
from src.trainers import KerasTrainer
from src.tuning import tune
from src.workspace import REPOSITORY

QUICK = Experiment("quick", LightGBMTrainer(num_rounds=3), "for tests")


@pytest.fixture
def quick(monkeypatch):
    """A search whose trials take a second."""
    monkeypatch.setattr(
        "src.search_spaces.FIELDS", {LightGBMTrainer: {"num_leaves": lambda t, n: t.suggest_int(n, 2, 9)}}
    )
    monkeypatch.setattr(experiments, "QUICK", QUICK.trainer, raising=False)
    return QUICK


def test_a_search_goes_on_where_it_was(small, quick):
    dataset = load_dataset(small)
    first = tune(quick, dataset, small, num_trials=2)
    assert first.num_complete + first.num_pruned == 2 and first.num_valid_rows == 30
    assert first.recipe.startswith("replace(QUICK") and first.plots[0].read_bytes()[1:4] == b"PNG"
    more = tune(quick, dataset, small, num_trials=4)
    assert more.num_complete + more.num_pruned == 4 and more.accuracy >= first.accuracy
    assert sum(more.importances.values()) == pytest.approx(1) and len(more.plots) == 2
    assert tune(quick, dataset, small, num_trials=4) == more  # nothing left to do


def test_the_best_trial_is_what_is_spelt(small, quick):
    found = tune(quick, load_dataset(small), small, num_trials=3)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{small.tuning_dir / 'quick.db'}")
    assert study.best_value == found.accuracy
    names = {"replace": replace, "QUICK": QUICK.trainer}
    assert eval(found.recipe, names) == LightGBMTrainer(3, num_leaves=study.best_params["num_leaves"])


def test_validation_rows_of_no_fold_are_searched_on(small, quick, monkeypatch):
    """Neither to learn from nor to be measured on: fold 0 judges what is found."""
    seen = []
    monkeypatch.setattr(
        LightGBMTrainer, "fit", lambda self, train, valid, *rest, **options: seen.append((train, valid)) or 1 / 0
    )
    dataset = load_dataset(small)
    with pytest.raises(ZeroDivisionError):
        tune(quick, dataset, small, num_trials=1)
    (train, valid), outer = seen[0], dataset.folds.split(0)[0]
    searched = np.concatenate([train[0], valid[0]])
    assert len(valid[0]) == 30 and sorted(map(bytes, searched)) == sorted(map(bytes, dataset.images[outer]))


def test_another_recipe_is_another_study(small, quick):
    dataset = load_dataset(small)
    tune(quick, dataset, small, num_trials=2)
    other = replace(quick, trainer=LightGBMTrainer(num_rounds=4))
    assert tune(other, dataset, small, num_trials=1).num_complete == 1


def test_laggards_are_pruned(small, quick, monkeypatch):
    """After five good trials, one that is behind after three stages is stopped."""
    stages = []

    def fit(self, train, valid, seed, checkpoint_dir, report):
        hopeless = len(stages) >= 5
        stages.append(0)
        for stage in range(10):
            stages[-1] = stage
            report({"valid_accuracy": 0.1 if hopeless else 0.9})
        return SimpleNamespace(predict_proba=lambda images: np.eye(10)[np.zeros(len(images), int)])

    monkeypatch.setattr(LightGBMTrainer, "fit", fit)
    found = tune(quick, load_dataset(small), small, num_trials=6)
    assert (found.num_complete, found.num_pruned) == (5, 1)
    assert stages == [9, 9, 9, 9, 9, 2]  # the third


def test_a_search_that_completed_nothing_says_so(small, quick):
    with pytest.raises(InputError, match="no trial of quick was completed"):
        tune(quick, load_dataset(small), small, num_trials=1, minutes=0)


@pytest.mark.parametrize("name", [name for name, e in EXPERIMENTS.items() if is_searchable(e.trainer)])
def test_what_is_drawn_can_be_pasted(name):
    names = {key: value for key, value in vars(experiments).items() if not key.startswith("_")}
    trainer = EXPERIMENTS[name].trainer
    assert eval(spell(trainer), names) == trainer
    study = optuna.create_study()
    for _ in range(5):
        drawn = draw_trainer(trainer, study.ask())
        again = eval(spell(drawn), names)
        assert replace(again, **_function(drawn)) == drawn and _describe(again) == _describe(drawn)


def _function(trainer):
    return {"network": trainer.network} if isinstance(trainer, KerasTrainer) else {}


def _describe(trainer):
    return Experiment("any", trainer, "").describe()


def test_nearest_name_is_chosen():
    trainer = replace(experiments.STRIDED, epochs=30)
    assert spell(trainer) == "replace(STRIDED, epochs=30)"
    network = partial(models.residual_cnn, dropout=0.1)
    wilder = replace(experiments.RESIDUAL, network=network, augmentation=Augmentation(shear=3.0), views=(View(),))
    assert spell(wilder) == (
        "replace(RESIDUAL, network=partial(models.residual_cnn, dropout=0.1), augmentation=Augmentation(shear=3.0), "
        "views=(View(rotation=0.0, zoom=1.0),))"
    )


def test_what_has_nothing_to_search_is_refused(small):
    with pytest.raises(InputError, match=r"nothing to search in svm_pca; choose one of: .*lightgbm"):
        tune(EXPERIMENTS["svm_pca"], load_dataset(small), small, num_trials=1)


def test_two_processes_share_the_work(small):
    command = [sys.executable, "-m", "scripts.tune", "smoke", "--trials", "4"]
    environment = {"PATH": "", "DIGITS_WORKSPACE": str(small.root)}
    workers = [
        subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [worker.communicate()[0] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert any("replace(TINY" in text for text in said)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{small.tuning_dir / 'smoke.db'}")
    assert 4 <= len(study.trials) <= 5  # both may be at work when the fourth is finished

"""Search spaces: what is drawn can be written as a recipe for experiments.py."""

from dataclasses import replace
from functools import partial

import optuna
import pytest

from src import experiments
from src.experiments import EXPERIMENTS, Experiment
from src.images.augmentation import Augmentation
from src.images.test_time_augmentation import TTA
from src.models import networks
from src.training.keras_trainer import KerasTrainer
from src.tuning.spaces import draw_trainer, is_searchable, write_recipe

NAMES = {name: value for name, value in vars(experiments).items() if not name.startswith("_")}


@pytest.mark.parametrize("name", [name for name, e in EXPERIMENTS.items() if is_searchable(e)])
def test_the_recipe_of_what_is_drawn_makes_the_same_trainer(name):
    trainer = EXPERIMENTS[name].trainer
    assert eval(write_recipe(trainer), NAMES) == trainer
    study = optuna.create_study()
    for _ in range(5):
        drawn = draw_trainer(trainer, study.ask())
        again = eval(write_recipe(drawn), NAMES)
        assert describe(again) == describe(drawn)
        if isinstance(drawn, KerasTrainer):  # Two partial functions are never equal.
            again = replace(again, network=drawn.network)
        assert again == drawn


def test_what_is_not_searched_of_an_augmentation_stays_as_it_is():
    trial = optuna.create_study().ask()
    drawn = draw_trainer(EXPERIMENTS["m5"].trainer, trial)
    assert drawn.augmentation.stroke_probability == experiments.STROKES.stroke_probability > 0
    assert drawn.augmentation.elastic == pytest.approx(trial.params["augmentation.elastic"], abs=0.01)


def describe(trainer):
    return Experiment("any", trainer, "").describe()


def test_the_recipe_starts_from_the_most_similar_trainer():
    trainer = replace(experiments.STRIDED, epochs=30)
    assert write_recipe(trainer) == "replace(STRIDED, epochs=30)"
    network = partial(networks.residual_cnn, dropout=0.1)
    tta = TTA(rotations=(-3.0, 3.0))
    different = replace(experiments.RESIDUAL, network=network, augmentation=Augmentation(shear=3.0), tta=tta)
    recipe = write_recipe(different)
    assert recipe.startswith("replace(RESIDUAL, network=partial(networks.residual_cnn, dropout=0.1), augmentation=")
    assert eval(recipe, NAMES).augmentation == different.augmentation and eval(recipe, NAMES).tta == tta


def test_students_and_parts_of_the_rows_are_not_searched():
    assert is_searchable(EXPERIMENTS["large_kernel"]) and is_searchable(EXPERIMENTS["lightgbm"])
    for name in ("recogniser", "large_kernel_10", "svm_pca"):
        assert not is_searchable(EXPERIMENTS[name])

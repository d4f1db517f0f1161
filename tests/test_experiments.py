"""The table of experiments: recipes do not change by accident."""

from dataclasses import replace
from functools import partial

import pytest

from src.common.errors import InputError
from src.experiments import EXPERIMENTS, Experiment, get_experiments
from src.images.normalization import MomentNormalization
from src.images.test_time_augmentation import TTA
from src.models.networks import tiny_cnn
from src.training.distillation import Distillation

SMOKE, QUICK = EXPERIMENTS["smoke"], EXPERIMENTS["logistic_pca"]

HASHES = {
    "strided": "6c1add7da8d3",
    "residual": "4e7848798132",
    "large_kernel": "02c2327cfa9a",
    "strided_long": "36dab4a4435e",
    "residual_long": "1b36e381a931",
    "large_kernel_long": "22194df37528",
    "residual_normalized": "49bf131c07fb",
    "large_kernel_normalized": "59af2679fc3e",
    "strided_long_normalized": "2c2986ace7d1",
    "residual_long_normalized": "d806857b70de",
    "large_kernel_long_normalized": "16e5565fabc3",
    "wide_residual": "e241b266df95",
    "wide_residual_normalized": "1b700e8c4b75",
    "m5": "7c658bf0c7a7",
    "m5_normalized": "4670801f31f5",
    "m5_long": "2c2a8604857a",
    "m5_long_normalized": "9b77383c9782",
    "m7": "8d1e2a3dd3b6",
    "m7_normalized": "cad303347e6d",
    "quick": "2ac4335f8a6f",
    "logistic_pca": "2736b7fbe4f6",
    "forest_pca": "42e77e97b01e",
    "svm_pca": "6b95817f9091",
    "svm_hog": "3bf8d4c98bd0",
    "svm_gradient": "a6df03a02f36",
    "knn": "503fcfb42fd2",
    "knn_deformation": "b008ad2b97f5",
    "lightgbm": "f0984f5175c0",
    "dnn": "03f938c8c967",
    "dnn_augmented": "c20af1fe5e8b",
    "ann_tuned": "8ffcea839e17",
    "cnn_augmented": "b0c8618e0aee",
    "recogniser": "f894bc94fef5",
    "digit_lines": "ee4ee1d55aba",
    "smoke": "9712dda59e7b",
    "large_kernel_10": "1b5a3277626d",
    "large_kernel_30": "44c07d74076a",
    "forest_pca_10": "3989a375ef05",
    "forest_pca_30": "9560c321522a",
    "svm_pca_10": "07276d514912",
    "svm_pca_30": "2cd36f0f3050",
}
"""Results are kept under these hashes. A change here means that a recipe, or what it means, has changed: give it a new
name instead."""


def test_hashes_of_recipes_are_pinned():
    assert {name: experiment.hash() for name, experiment in EXPERIMENTS.items()} == HASHES


def test_hash_changes_with_anything_that_decides_the_result():
    trainer = SMOKE.trainer
    student = replace(SMOKE, teachers=(QUICK,), distillation=Distillation())
    changed = [
        replace(SMOKE, name="other"),
        replace(SMOKE, seed=1),
        replace(SMOKE, train_fraction=0.5),
        student,
        replace(student, teachers=(replace(QUICK, seed=1),)),
        replace(student, distillation=Distillation(copies_per_image=3)),
        replace(SMOKE, trainer=replace(trainer, epochs=3)),
        replace(SMOKE, trainer=replace(trainer, augmentation=replace(trainer.augmentation, shear=1.0))),
        replace(SMOKE, trainer=replace(trainer, tta=TTA(rotations=(5.0,)))),
        replace(SMOKE, trainer=replace(trainer, normalization=MomentNormalization())),
        replace(SMOKE, trainer=replace(trainer, network=EXPERIMENTS["strided"].trainer.network)),
        replace(SMOKE, trainer=replace(trainer, network=partial(tiny_cnn, momentum=0.9))),
        replace(SMOKE, trainer=replace(trainer, network=partial(tiny_cnn, 0.8))),
    ]
    assert len({experiment.hash() for experiment in [SMOKE, *changed]}) == 1 + len(changed)
    assert replace(SMOKE, note="a better note").hash() == SMOKE.hash()


def test_every_fold_and_experiment_has_its_own_seed():
    seeds = {experiment.fold_seed(fold) for experiment in EXPERIMENTS.values() for fold in range(10)}
    assert len(seeds) == 10 * len(EXPERIMENTS)


def test_teachers_and_a_distillation_go_together():
    with pytest.raises(ValueError, match="go together"):
        Experiment("student", SMOKE.trainer, "", teachers=(QUICK,))


def test_a_misspelt_name_gets_a_suggestion():
    assert get_experiments(["smoke", "knn", "smoke"]) == [SMOKE, EXPERIMENTS["knn"]]
    with pytest.raises(InputError, match="did you mean 'strided'"):
        get_experiments(["stridded"])

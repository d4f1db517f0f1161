"""Pending folds, and students that learn from their teachers' models of the same fold."""

from dataclasses import replace

import numpy as np
import pytest

from src.common.arrays import SoftLabelledImages
from src.common.errors import InputError
from src.data.datasets import load_dataset
from src.experiments import EXPERIMENTS
from src.models.classifiers import load_classifier
from src.training.distillation import Distillation
from src.validation import cross_validation
from src.validation.fold_results import list_trained, load_fold_record
from src.validation.fold_tasks import add_distillation_set, find_pending
from src.validation.runners.local import run_local

FIRST, SECOND = EXPERIMENTS["logistic_pca"], replace(EXPERIMENTS["logistic_pca"], name="second", seed=1)
RECIPE = Distillation()
STUDENT = replace(EXPERIMENTS["smoke"], name="student", teachers=(FIRST, SECOND), distillation=RECIPE)


def test_teachers_are_trained_before_their_student(small):
    cross_validation.run([STUDENT, FIRST, SECOND], [1], small, run_local)
    assert list_trained(small) == ["logistic_pca", "second", "student"]
    teachers = load_fold_record(small, "student", 1).recipe["teachers"]
    assert teachers == {"logistic_pca": FIRST.hash(), "second": SECOND.hash()}


def test_a_student_gets_the_mean_of_its_own_folds_teachers(small):
    cross_validation.run([FIRST, SECOND], None, small, run_local)
    for task in find_pending([STUDENT], [0, 1], load_dataset(small), small):
        images, targets = add_distillation_set(task, small).distillation_set
        train_rows, _ = task.split()
        num_copies = RECIPE.copies_per_image * len(train_rows)
        models = [load_classifier(small.fold_path(name, task.fold, ".joblib")) for name in ("logistic_pca", "second")]
        proba = [model.predict_proba(images[:num_copies]) for model in models]
        np.testing.assert_allclose(targets[:num_copies], np.mean(proba, axis=0), atol=1e-6)
        num_labelled = num_copies + round(RECIPE.drawn_per_image * len(train_rows))
        assert (np.sort(targets[num_copies:num_labelled])[:, -2:] == [0, 1]).all()  # drawn digits
        assert (targets[num_labelled:] == np.float32(0.1)).all()  # negatives
        assert (
            len(images) == len(targets)
            and abs(len(images) - num_labelled - RECIPE.negatives_per_image * len(train_rows)) <= 1
        )
        originals = task.dataset.images[train_rows]
        near = [np.corrcoef(images[i].ravel(), originals[i].ravel())[0, 1] for i in range(50)]
        assert np.mean(near) > 0.35  # copies of the training part, in its order


def test_a_teacher_whose_model_is_gone_is_reported(small):
    cross_validation.run([FIRST, SECOND], [0], small, run_local)
    small.fold_path("second", 0, ".joblib").unlink()
    with pytest.raises(InputError, match=r"second/fold_0\.joblib cannot be loaded .* delete .*fold_0\.json"):
        cross_validation.run([STUDENT], [0], small, run_local)


def test_a_missing_teacher_is_reported_before_anything_is_trained(small):
    cross_validation.run([FIRST, SECOND], [0], small, run_local)
    with pytest.raises(InputError, match=r"learns from second, which has no fold 1.* logistic_pca second student"):
        cross_validation.run([STUDENT, FIRST], None, small, run_local)
    assert load_fold_record(small, "logistic_pca", 1) is None


def test_a_teacher_of_another_recipe_is_refused(small):
    cross_validation.run([FIRST, SECOND], [0], small, run_local)
    other = replace(STUDENT, teachers=(replace(FIRST, seed=5), SECOND))
    with pytest.raises(InputError, match="fold 0 of logistic_pca was trained by another recipe"):
        cross_validation.run([other], [0], small, run_local)


def test_a_checkpoint_is_not_resumed_with_another_distillation_set(small):
    """A student that was interrupted starts again when its teachers' probabilities have changed."""
    (task,) = find_pending([replace(STUDENT, teachers=(), distillation=None)], [0], load_dataset(small), small)
    manifests = []
    for share in (0.1, 0.2):
        distillation_set = SoftLabelledImages(task.dataset.test_images, np.full((60, 10), share, np.float32))
        cross_validation.train_fold(replace(task, distillation_set=distillation_set))
        manifests.append((task.checkpoint_dir / "manifest.json").read_text())
    assert manifests[0] != manifests[1]

"""Classical models behind the interface of every trainer."""

import numpy as np
import pytest

from src.common.arrays import LabelledImages, SoftLabelledImages
from src.models.estimators import logistic_pca
from src.training.classical_trainers import LightGBMTrainer, SklearnTrainer
from src.training.trainers import TrainingContext


@pytest.fixture
def rows(sample_rows):
    images, labels = sample_rows
    return LabelledImages(images[:400], labels[:400]), LabelledImages(images[400:500], labels[400:500])


def test_each_stage_of_boosting_is_reported_and_an_exception_of_the_report_ends_the_training(rows, tmp_path):
    reported = []

    def stop_after_two(entry):
        reported.append(entry["rounds"])
        if len(reported) == 2:
            raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        LightGBMTrainer(num_rounds=75).fit(*rows, 7, TrainingContext(tmp_path, report=stop_after_two))
    assert reported == [25, 50]


def test_lightgbm_kind(rows, tmp_path):
    train, valid = rows
    recipe = LightGBMTrainer(num_rounds=40)
    classifier = recipe.fit(train, valid, 0, TrainingContext(tmp_path))
    proba = classifier.predict_proba(valid[0])
    assert (proba.argmax(axis=1) == valid[1]).mean() > 0.7
    assert [entry["rounds"] for entry in classifier.history] == [25, 40]
    assert classifier.history[-1]["valid_accuracy"] == pytest.approx((proba.argmax(axis=1) == valid[1]).mean())
    assert classifier.num_parameters() > 40 * 10 * 3
    np.testing.assert_array_equal(recipe.fit(train, valid, 0, TrainingContext(tmp_path)).predict_proba(valid[0]), proba)
    with pytest.raises(ValueError, match="labels"):
        recipe.fit(
            train, valid, 0, TrainingContext(tmp_path, SoftLabelledImages(train.images, np.eye(10)[train.labels]))
        )


def test_scikit_learn_kind(rows, tmp_path):
    train, valid = rows
    classifier = SklearnTrainer(logistic_pca).fit(train, valid, 0, TrainingContext(tmp_path))
    proba = classifier.predict_proba(valid[0])
    assert proba.shape == (100, 10) and proba.dtype == np.float32
    assert (proba.argmax(axis=1) == valid[1]).mean() > 0.7
    with pytest.raises(ValueError, match="labels"):
        SklearnTrainer(logistic_pca).fit(
            train, valid, 0, TrainingContext(tmp_path, SoftLabelledImages(train.images, np.eye(10)[train.labels]))
        )

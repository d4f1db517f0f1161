"""Blends and the submission file."""

import json

import numpy as np
import pandas as pd
import pytest

from src.common.errors import InputError
from src.common.metrics import log_loss_gain
from src.data.folds import load_folds
from src.evaluation.calibration import scale_nested
from src.evaluation.ensemble import blend, load_blended_recipes, make_ensemble, write_submission
from src.evaluation.mixture import mix, mix_nested
from src.validation.oof import load_oof_predictions
from tests.fold_results import save_fake_result, save_predictions


def make_proba(labels, accuracy, sharpness, seed):
    """Probabilities that are right on about this fraction of the rows."""
    rng = np.random.default_rng(seed)
    target = np.where(rng.random(len(labels)) < accuracy, labels, rng.integers(0, 10, len(labels)))
    return (1 - sharpness) / 10 + sharpness * np.eye(10)[target]


@pytest.fixture
def members(small):
    folds = load_folds(small)
    for seed, (name, accuracy) in enumerate({"good": 0.9, "fair": 0.8, "poor": 0.2}.items()):
        for fold in (0, 1):
            save_fake_result(small, name, fold, make_proba(folds.labels, accuracy, 0.8 - 0.1 * seed, seed))
    return [load_oof_predictions(small, name, folds) for name in ("good", "fair", "poor")]


def test_a_blend_of_one_equals_it(members, small):
    folds = load_folds(small)
    result = blend(members[:1], folds.labels, folds.assignment)
    np.testing.assert_allclose(result.oof, members[0].oof, atol=1e-7)
    np.testing.assert_allclose(result.test, members[0].test, atol=1e-7)
    assert result.kind == "mean" and result.weights.tolist() == [1.0]


def test_equal_weights_are_kept_where_others_gain_nothing(members, small):
    folds = load_folds(small)
    result = blend([members[0], members[0]], folds.labels, folds.assignment)
    assert result.kind == "mean" and abs(result.nested_gain) < 1e-3
    np.testing.assert_allclose(result.oof, members[0].oof, atol=1e-6)


def test_weights_are_used_where_they_beat_equal_ones_by_more_than_noise(small):
    folds = load_folds(small)
    for name, accuracy, sharpness in (("good", 0.95, 0.5), ("overconfident", 0.3, 0.999)):
        for fold in (0, 1):
            save_fake_result(small, name, fold, make_proba(folds.labels, accuracy, sharpness, 3))
    members = [load_oof_predictions(small, name, folds) for name in ("good", "overconfident")]
    result = blend(members, folds.labels, folds.assignment)
    assert result.kind == "weighted" and result.weights[0] > 10 * result.weights[1]
    assert result.nested_gain > 2 * result.nested_gain_error > 0


def test_nested_weights_are_compared_with_equal_ones_at_their_best_temperature(members, small):
    folds = load_folds(small)
    oof = np.stack([member.oof for member in members]).astype(float)
    nested = mix_nested(oof, folds.labels, folds.assignment)
    mean = scale_nested(mix(np.full(3, 1 / 3), oof), folds.labels, folds.assignment)
    gain, _ = log_loss_gain(folds.labels, nested, mean)
    assert blend(members, folds.labels, folds.assignment).nested_gain == pytest.approx(gain)


def test_submission_has_kaggles_format_and_its_origin(members, small):
    folds = load_folds(small)
    result = blend(members, folds.labels, folds.assignment)
    write_submission(result, members, folds, small)
    lines = small.submission_csv.read_text().splitlines()
    assert lines[0] == "ImageId,Label" and lines[1].startswith("1,") and len(lines) == 61
    submission = pd.read_csv(small.submission_csv)
    np.testing.assert_array_equal(submission["Label"], result.test.argmax(axis=1))
    origin = json.loads(small.submission_json.read_text())
    assert set(origin["members"]) == {"good", "fair", "poor"}
    assert origin["oof_accuracy"] == (result.oof.argmax(axis=1) == folds.labels).mean()


def test_wrong_number_of_test_rows_writes_nothing(members, small):
    folds = load_folds(small)
    small.sample_submission_csv.write_text("ImageId,Label\n1,0\n")
    with pytest.raises(InputError, match="sample_submission"):
        write_submission(blend(members, folds.labels, folds.assignment), members, folds, small)
    assert not small.submission_csv.exists()


def test_other_test_images_than_predicted_are_refused(members, small):
    folds = load_folds(small)
    lines = small.test_csv.read_text().splitlines()
    small.test_csv.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(InputError, match="not the file whose images good predicted"):
        write_submission(blend(members, folds.labels, folds.assignment), members, folds, small)
    assert not small.submission_csv.exists()


def test_an_ensemble_without_names_has_all_complete_experiments(small):
    save_predictions(small, "complete", [0, 1])
    save_predictions(small, "tenth", [0, 1], recipe={"train_fraction": 0.1})
    save_predictions(small, "student", [0, 1], recipe={"train_fraction": 1, "distillation": {"drawn_per_image": 0.5}})
    trainer = {"lines": {"drawn_probability": 0.4}}
    save_predictions(small, "of_lines", [0, 1], recipe={"train_fraction": 1, "trainer": trainer})
    save_predictions(small, "unfinished", [1])
    ensemble = make_ensemble(small)
    assert [member.experiment for member in ensemble.members] == ["complete"]
    assert ensemble.excluded == {
        "of_lines": "learns from drawn digits besides train.csv, so it is for the app alone",
        "student": "learns from drawn digits besides train.csv, so it is for the app alone",
        "tenth": "was trained on 10 % of the rows",
        "unfinished": "has 1 of 2 folds",
    }
    assert set(json.loads(small.submission_json.read_text())["members"]) == {"complete"}
    np.testing.assert_array_equal(ensemble.test_labels, pd.read_csv(small.test_labels_csv)["Label"])
    with pytest.raises(InputError, match=r"student learns from drawn digits .* leave it out"):
        make_ensemble(small, ["complete", "student"])


def test_an_ensemble_has_the_named_experiments_each_once(members, small):
    small.test_labels_csv.unlink()  # Only the embedded sample has it.
    ensemble = make_ensemble(small, ["fair", "good", "fair"])
    assert [member.experiment for member in ensemble.members] == ["fair", "good"]
    assert ensemble.excluded == {} and ensemble.test_labels is None


def test_without_a_complete_experiment_there_is_no_ensemble(small):
    save_predictions(small, "unfinished", [1])
    with pytest.raises(InputError, match=r"has all its folds; train one: python -m scripts\.train"):
        make_ensemble(small)
    assert not small.submission_csv.exists()


def test_recipes_of_the_last_blend_are_read_from_its_origin(members, small):
    assert load_blended_recipes(small) == {}
    make_ensemble(small, ["good", "fair"])
    assert load_blended_recipes(small) == {"good": "abc", "fair": "abc"}
    small.submission_json.write_text("{}")
    with pytest.raises(InputError, match=r"submission\.json is damaged; make another"):
        load_blended_recipes(small)

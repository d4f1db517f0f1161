"""`run`: what is pending is trained, what is complete is left alone, what does not fit is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest

from src.common.errors import InputError
from src.common.files import locked
from src.data.datasets import load_dataset
from src.data.folds import load_folds
from src.experiments import EXPERIMENTS
from src.images.test_time_augmentation import TTA
from src.training.backend import choose_precision
from src.validation import cross_validation
from src.validation.cross_validation import prepare_checkpoint_dir
from src.validation.fold_results import load_fold_record, read_fold_predictions
from src.validation.fold_tasks import load_fold_classifier
from src.validation.oof import load_oof_predictions
from src.validation.runners.local import run_local
from tests.conftest import files_below

SMOKE = EXPERIMENTS["smoke"]
QUICK = EXPERIMENTS["logistic_pca"]


def count_runs(counted):
    def runner(task, arguments):
        counted.extend(argument.fold for argument in arguments)
        return run_local(task, arguments)

    return runner


def test_trains_all_folds_and_skips_them_the_second_time(small):
    trained, tracked = [], []
    cross_validation.run([QUICK], [1], small, count_runs(trained), tracked.append)
    cross_validation.run([QUICK], None, small, count_runs(trained), tracked.append)
    cross_validation.run([QUICK], None, small, count_runs(trained), tracked.append)
    assert trained == [record.fold for record in tracked] == [1, 0]
    predictions = load_oof_predictions(small, QUICK.name, load_folds(small))
    assert predictions.oof.shape == (300, 10) and predictions.test.shape == (60, 10)
    assert files_below(small.oof_dir / QUICK.name) == {
        ".lock", *(f"fold_{fold}{suffix}" for fold in (0, 1) for suffix in (".npz", ".json", ".joblib"))
    }  # fmt: skip


def test_same_experiment_and_fold_give_identical_bytes(small):
    written = []
    for _ in range(2):
        cross_validation.run([SMOKE], [0], small, run_local)
        written.append(small.fold_path("smoke", 0, ".npz").read_bytes())
        small.fold_path("smoke", 0, ".json").unlink()
    assert written[0] == written[1]


def test_record_says_where_the_result_comes_from(small):
    cross_validation.run([SMOKE], [0], small, run_local)
    record = load_fold_record(small, "smoke", 0)
    predictions = read_fold_predictions(small, "smoke", 0)
    labels = load_folds(small).labels[predictions.valid_rows]
    assert record.valid_accuracy == (predictions.valid_proba.argmax(axis=1) == labels).mean()
    assert record.recipe["trainer"]["network"] == {"function": "tiny_cnn", "momentum": 0.95}
    assert len(record.history) == SMOKE.trainer.epochs
    assert set(record.fingerprints) == {"train", "test", "folds"}
    assert (
        record.threads >= 1
        and record.precision == choose_precision(SMOKE.trainer.mixed_precision)
        and record.versions["keras"]
        and record.seed == SMOKE.fold_seed(0)
    )


def test_a_changed_experiment_is_refused_and_its_results_are_kept(small):
    cross_validation.run([QUICK], [0], small, run_local)
    before = small.fold_path(QUICK.name, 0, ".npz").read_bytes()
    with pytest.raises(InputError, match=r"another recipe.*rm -r"):
        cross_validation.run([replace(QUICK, seed=1)], None, small, run_local)
    assert small.fold_path(QUICK.name, 0, ".npz").read_bytes() == before
    assert not small.fold_path(QUICK.name, 1, ".npz").exists()


def test_a_changed_experiment_is_refused_for_other_folds_too(small):
    cross_validation.run([QUICK], [0], small, run_local)
    with pytest.raises(InputError, match="another recipe"):
        cross_validation.run([replace(QUICK, seed=1)], [1], small, run_local)


def test_what_a_crash_after_saving_leaves_is_deleted(small):
    cross_validation.run([QUICK], [0], small, run_local)
    left = small.checkpoint_dir(QUICK.name, 0)
    left.mkdir()
    (left / "model.joblib").write_bytes(b"left")
    cross_validation.run([QUICK], [0], small, run_local)
    assert not left.exists()


def test_results_of_other_test_images_are_refused(small):
    cross_validation.run([QUICK], [0], small, run_local)
    lines = small.test_csv.read_text().splitlines()
    small.test_csv.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    with pytest.raises(InputError, match=r"other data \(test changed\)"):
        cross_validation.run([QUICK], None, small, run_local)


def test_changed_train_rows_are_refused(small):
    lines = small.train_csv.read_text().splitlines()
    small.train_csv.write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(InputError, match="other data than the present train"):
        cross_validation.run([QUICK], None, small, run_local)


def test_a_checkpoint_of_another_recipe_is_not_resumed(small):
    directory = small.checkpoint_dir("smoke", 0)
    directory.mkdir(parents=True)
    (directory / "history.json").write_text(json.dumps([{"seconds": 1.0}] * SMOKE.trainer.epochs))
    (directory / f"epoch_{SMOKE.trainer.epochs:04d}.npz").write_bytes(b"of another recipe")
    cross_validation.run([SMOKE], [0], small, run_local)
    assert "loss" in load_fold_record(small, "smoke", 0).history[0]


def test_a_checkpoint_that_was_half_deleted_is_not_resumed(small, monkeypatch):
    (task,) = cross_validation.find_pending([SMOKE], [0], load_dataset(small), small)
    arguments = (task.checkpoint_dir, SMOKE, task.dataset, "")
    prepare_checkpoint_dir(*arguments, {"threads": 1})
    (task.checkpoint_dir / "history.json").touch()

    def interrupt(directory):
        (directory / "history.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            prepare_checkpoint_dir(*arguments, {"threads": 2})
    (task.checkpoint_dir / "epoch_0001.npz").touch()
    prepare_checkpoint_dir(*arguments, {"threads": 1})
    assert [path.name for path in task.checkpoint_dir.iterdir()] == ["manifest.json"]


def test_a_second_training_of_the_same_experiment_is_refused(small):
    with locked(small.oof_dir / QUICK.name), pytest.raises(InputError, match="another process"):
        cross_validation.run([QUICK], None, small, run_local)


@pytest.mark.parametrize("fold", [-1, 2])
def test_folds_that_do_not_exist_are_refused(small, fold):
    with pytest.raises(InputError, match=r"the folds 0\.\.1"):
        cross_validation.run([QUICK], [fold], small, run_local)


def test_a_loaded_model_reproduces_its_out_of_fold_predictions_to_the_last_bit(small):
    """With test-time augmentation, which is saved with the model."""
    experiment = replace(SMOKE, name="with_tta", trainer=replace(SMOKE.trainer, tta=TTA(confidence_threshold=0.5)))
    cross_validation.run([experiment], [0], small, run_local)
    predictions, dataset = read_fold_predictions(small, "with_tta", 0), load_dataset(small)
    classifier = load_fold_classifier(small, "with_tta", 0)
    valid_images = dataset.images[predictions.valid_rows]
    np.testing.assert_array_equal(classifier.predict_proba(valid_images), predictions.valid_proba)
    np.testing.assert_array_equal(classifier.predict_proba(dataset.test_images), predictions.test_proba)
    assert (classifier.without_tta().predict_proba(valid_images) != predictions.valid_proba).any()


def test_a_training_that_diverged_is_not_saved(small):
    diverged = replace(SMOKE, trainer=replace(SMOKE.trainer, learning_rate=1e30))
    with pytest.raises(InputError, match="smoke fold 0 predicts NaN: the training diverged"):
        cross_validation.run([diverged], [0], small, run_local)
    assert load_fold_record(small, "smoke", 0) is None


def test_the_forecast_appears_after_the_first_epoch(small, capfd):
    experiment = replace(SMOKE, name="longer", trainer=replace(SMOKE.trainer, epochs=3))
    cross_validation.run([experiment], [0], small, run_local)
    lines = capfd.readouterr().err.splitlines()
    (forecast,) = [number for number, line in enumerate(lines) if "this fold needs about" in line]
    assert "epoch 1/3" in lines[forecast - 1]

"""Behind the page: wrong readings that people flagged, and why a digit is read as it is."""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pytest

from src.app.explanation import explain, paint
from src.app.flags import MAX_BYTES, export_flags, load_flags, save_flag
from src.app.recognizer import Recognizer
from src.data import read_train
from src.errors import InputError


def test_flags_come_back_and_are_rows_of_train_csv(tmp_path, sample_rows):
    path, images = tmp_path / "input" / "flagged.csv", sample_rows[0]
    assert len(load_flags(path)[0]) == 0
    save_flag(path, images[0], 3, 5)
    save_flag(path, images[1], None, 0)
    loaded, labels, predicted = load_flags(path)
    np.testing.assert_array_equal(loaded, images[:2])
    assert labels.tolist() == [5, 0] and predicted == [3, None]
    export_flags(path, tmp_path / "rows.csv")
    exported, labels = read_train(tmp_path / "rows.csv")
    np.testing.assert_array_equal(exported, images[:2])
    assert labels.tolist() == [5, 0]


def test_processes_that_flag_at_once_lose_nothing(tmp_path, sample_rows):
    path, images = tmp_path / "flagged.csv", sample_rows[0][:60]
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(partial(save_flag, path, predicted=1, truth=7), images))
    loaded, _, _ = load_flags(path)
    assert sorted(image.tobytes() for image in loaded) == sorted(image.tobytes() for image in images)


def test_a_full_file_takes_no_more(tmp_path, sample_rows):
    path = tmp_path / "flagged.csv"
    path.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(InputError, match="is full"):
        save_flag(path, sample_rows[0][0], 1, 7)
    assert path.stat().st_size == MAX_BYTES + 1


def test_what_the_answer_hangs_on_is_bright(sample_rows):
    predict = Recognizer().predict_proba
    image = sample_rows[0][5]
    importance = explain(image, predict)
    assert importance.shape == (28, 28) and importance.min() >= 0 and importance.max() <= 1
    proba = predict(image[None])[0]

    def hide(y, x):
        hidden = image.copy()
        hidden[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3] = 0
        return predict(hidden[None])[0][proba.argmax()]

    brightest = np.unravel_index(importance.argmax(), importance.shape)
    assert hide(*brightest) < hide(1, 1) == pytest.approx(proba.max(), abs=1e-3)
    assert paint(image, importance).shape == (224, 224, 3)

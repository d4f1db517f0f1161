"""Corrections are kept completely, also when several processes save at once."""

import fcntl
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from src.app.web.feedback import MAX_BYTES, export_feedback, load_feedback, save_feedback
from src.common.errors import InputError
from src.data.csv_files import read_train


@pytest.fixture
def path(tmp_path):
    return tmp_path / "input" / "feedback.csv"


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (60, 28, 28, 1), np.uint8)


def test_corrections_come_back_and_are_rows_of_train_csv(path, images, tmp_path):
    assert len(load_feedback(path).images) == 0
    save_feedback(path, images[0], 3, 5)
    save_feedback(path, images[1], None, 0)
    feedback = load_feedback(path)
    np.testing.assert_array_equal(feedback.images, images[:2])
    assert feedback.labels.tolist() == [5, 0]
    assert feedback.predicted == [3, None]
    export_feedback(path, tmp_path / "rows.csv")
    exported, labels = read_train(tmp_path / "rows.csv")
    np.testing.assert_array_equal(exported, images[:2])
    assert labels.tolist() == [5, 0]


@pytest.mark.parametrize("change", [(b",", b";"), (b"\n", b",,,\n"), (b"l", b"\xff"), (b"label,", b"x,")])
def test_a_file_that_another_program_has_changed_is_refused(path, images, change):
    save_feedback(path, images[0], 3, 5)
    path.write_bytes(path.read_bytes().replace(*change).replace(b",,,", b",", 1))
    with pytest.raises(InputError, match="move it elsewhere"):
        load_feedback(path)


@pytest.mark.slow
def test_processes_that_save_at_once_lose_nothing(path, images):
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(partial(save_feedback, path, predicted=1, label=7), images))
    loaded = load_feedback(path).images
    assert sorted(image.tobytes() for image in loaded) == sorted(image.tobytes() for image in images)


def test_a_full_file_takes_no_more(path, images):
    path.parent.mkdir()
    path.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(InputError, match="is full"):
        save_feedback(path, images[0], 1, 7)
    assert path.stat().st_size == MAX_BYTES + 1


def test_a_file_that_two_writers_open_while_empty_gets_one_header(path, images):
    path.parent.mkdir()
    with path.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with ThreadPoolExecutor(2) as pool:
            waiting = [pool.submit(save_feedback, path, image, 1, 7) for image in images[:2]]
            while sum(link.resolve() == path for link in Path("/proc/self/fd").iterdir()) < 3:
                pass
            fcntl.flock(other, fcntl.LOCK_UN)
            for one in waiting:
                one.result()
    assert load_feedback(path).labels.tolist() == [7, 7]


def test_a_row_that_a_full_disk_has_cut_off_is_ignored(path, images, tmp_path):
    save_feedback(path, images[0], 3, 5)
    save_feedback(path, images[1], 3, 6)
    path.write_bytes(path.read_bytes()[:-1500])
    assert load_feedback(path).labels.tolist() == [5]
    save_feedback(path, images[2], 3, 7)
    feedback = load_feedback(path)
    assert feedback.labels.tolist() == [5, 7]
    np.testing.assert_array_equal(feedback.images, images[[0, 2]])
    export_feedback(path, tmp_path / "rows.csv")
    assert read_train(tmp_path / "rows.csv").labels.tolist() == [5, 7]


def test_a_damaged_file_is_not_exported(path, images, tmp_path):
    with pytest.raises(InputError, match="no corrections have been saved yet"):
        export_feedback(path, tmp_path / "rows.csv")
    save_feedback(path, images[0], 3, 5)
    path.write_bytes(path.read_bytes().replace(b",", b";"))
    with pytest.raises(InputError, match="move it elsewhere"):
        export_feedback(path, tmp_path / "rows.csv")

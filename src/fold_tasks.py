"""The folds that are still to be trained: the arguments of `train_fold`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from src.artifacts import load_record, load_records, retrain
from src.classifiers import Classifier, KerasClassifier, SklearnClassifier, load_classifier
from src.competition import NUM_CLASSES
from src.datasets import Dataset
from src.errors import InputError
from src.experiments import Experiment
from src.lessons import make_copies, make_scraps
from src.trainers import Rows
from src.workspace import Workspace


@dataclass(frozen=True)
class FoldTask:
    """The arguments of `train_fold`."""

    experiment: Experiment
    fold: int
    dataset: Dataset
    checkpoint_dir: Path
    lessons: Rows | None = None  # more images, uint8 (m, 28, 28, 1), with what teachers say of them, float32 (m, 10)

    def __str__(self) -> str:
        return f"{self.experiment.name} fold {self.fold}"

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Row numbers, int64, that are trained on and that are validated on."""
        return self.dataset.folds.split(self.fold, self.experiment.train_share)


def find_pending(
    experiments: Sequence[Experiment], folds: Sequence[int], dataset: Dataset, workspace: Workspace
) -> list[FoldTask]:
    """List the folds that are still to be trained, after checking the complete ones.

    Raises:
        InputError: a fold that does not exist, a complete fold of another recipe or data, or a student whose teacher is
            neither complete nor among the experiments.
    """
    num_folds = dataset.folds.num_folds
    for fold in folds:
        if not 0 <= fold < num_folds:
            raise InputError(f"there is no fold {fold}: {workspace.folds_csv} has the folds 0..{num_folds - 1}")
    fingerprints = dataset.fingerprints()
    tasks = []
    for experiment in experiments:
        records = load_records(workspace, experiment.name, num_folds)
        for record in records:  # also of folds that are not chosen: one name is one recipe
            require_unchanged(record, experiment, fingerprints, workspace)
        complete = {record["fold"] for record in records}
        for fold in sorted(set(folds) - complete):
            _require_teachers(experiment, fold, experiments, workspace)
            checkpoint_dir = workspace.checkpoint_dir(experiment.name, fold)
            tasks.append(FoldTask(experiment, fold, dataset, checkpoint_dir))
    return tasks


def require_unchanged(
    record: dict[str, Any], experiment: Experiment | None, fingerprints: dict[str, str], workspace: Workspace
) -> None:
    """Check that a complete fold was trained by this recipe, if one is given, on the data of these fingerprints.

    Raises:
        InputError: it was not.
    """
    name = record["experiment"]
    directory = workspace.oof_dir / name
    if experiment is not None and record["recipe_hash"] != experiment.hash():
        raise InputError(
            f"fold {record['fold']} of {name} was trained by another recipe than experiments.py now holds; "
            f"give the new recipe a new name, or give up the old results: rm -r {directory}"
        )
    if record["fingerprints"] != fingerprints:
        changed = ", ".join(name for name in fingerprints if record["fingerprints"].get(name) != fingerprints[name])
        raise InputError(
            f"fold {record['fold']} of {name} was trained on other data ({changed} changed); restore the "
            f"data, or give up the old results: rm -r {directory}"
        )


def _require_teachers(experiment: Experiment, fold: int, trained: Sequence[Experiment], workspace: Workspace) -> None:
    for teacher in experiment.teachers:
        if teacher not in trained and load_record(workspace, teacher.name, fold) is None:
            names = " ".join(teacher.name for teacher in experiment.teachers)
            raise InputError(
                f"{experiment.name} learns from {teacher.name}, which has no fold {fold} yet; train them together: "
                f"python -m scripts.train {names} {experiment.name}"
            )


def split_generations(tasks: Sequence[FoldTask]) -> Iterator[list[FoldTask]]:
    """Divide tasks so that no student is in the same or an earlier part than its teachers; the order is kept."""
    in_order = sorted(tasks, key=lambda task: task.experiment.generation())
    for _, generation in groupby(in_order, key=lambda task: task.experiment.generation()):
        yield list(generation)


def add_lessons(task: FoldTask, workspace: Workspace) -> FoldTask:
    """Give a student distorted copies of its training images, with what its teachers' models of the same fold say of
    them on average, and scraps that are no digits, with all probabilities alike.

    None of these models has seen the fold's validation part, so neither has the student.

    Raises:
        InputError: a teacher's fold is missing, damaged, or of another recipe or data.
    """
    if not task.experiment.teachers:
        return task
    find_pending(task.experiment.teachers, [task.fold], task.dataset, workspace)  # checks the complete folds
    _require_teachers(task.experiment, task.fold, [], workspace)
    teachers = [load_teacher(workspace, teacher.name, task.fold) for teacher in task.experiment.teachers]
    images = task.dataset.images[task.split()[0]]
    return replace(task, lessons=make_lessons(images, teachers, task.experiment.fold_seed(task.fold)))


def make_lessons(images: np.ndarray, teachers: Sequence[Classifier], seed: int) -> Rows:
    """Make the images, and the probabilities, that teachers give a student beside the labels."""
    copies, scraps = make_copies(images, seed), make_scraps(images, seed)
    proba = np.stack([teacher.predict_proba(copies) for teacher in teachers]).mean(axis=0, dtype=np.float32)
    alike = np.full((len(scraps), NUM_CLASSES), 1 / NUM_CLASSES, np.float32)
    return np.concatenate([copies, scraps]), np.concatenate([proba, alike])


def load_teacher(workspace: Workspace, experiment: str, fold: int) -> Classifier:
    """Read the model of a complete fold, which looks at each image once.

    Raises:
        InputError: its file is gone.
    """
    for suffix in (KerasClassifier.suffix, SklearnClassifier.suffix):
        path = workspace.fold_path(experiment, fold, suffix)
        if path.exists():
            return load_classifier(path)
    raise InputError(
        f"the model of {experiment}, fold {fold}, is gone; delete {workspace.fold_path(experiment, fold, '.json')} and "
        f"train it again: {retrain(experiment, fold)}"
    )

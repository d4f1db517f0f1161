"""The folds that are still to be trained, as arguments of `train_fold`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from src.common.arrays import LabelledImages, RowNumbers, SoftLabelledImages
from src.common.errors import InputError, describe_missing_library
from src.common.workspace import Workspace
from src.data.datasets import Dataset
from src.data.folds import require_fold
from src.experiments import Experiment
from src.models.classifiers import Classifier, load_classifier
from src.training.distillation import make_distillation_set
from src.validation.fold_results import FoldRecord, load_fold_record, load_fold_records, train_command


@dataclass(frozen=True)
class FoldTask:
    """The arguments of `train_fold`."""

    experiment: Experiment
    fold: int
    dataset: Dataset
    checkpoint_dir: Path
    distillation_set: SoftLabelledImages | None = None  # of a student

    def __str__(self) -> str:
        return f"{self.experiment.name} fold {self.fold}"

    def split(self) -> tuple[RowNumbers, RowNumbers]:
        """Return the row numbers that are trained on and those that are validated on."""
        return self.dataset.folds.split(self.fold, self.experiment.train_fraction)

    def take(self, rows: RowNumbers) -> LabelledImages:
        """Return the images and labels of these rows."""
        return LabelledImages(self.dataset.images[rows], self.dataset.labels[rows])


def find_pending(
    experiments: Sequence[Experiment], folds: Sequence[int], dataset: Dataset, workspace: Workspace
) -> list[FoldTask]:
    """List the folds that are still to be trained, after checking the complete ones.

    Raises:
        InputError: a fold does not exist, a complete fold is of another recipe or other data, or the teacher of a
            student is neither complete nor among the experiments.
    """
    num_folds = dataset.folds.num_folds
    for fold in folds:
        require_fold(fold, dataset.folds, workspace)
    fingerprints = dataset.fingerprints()
    tasks = []
    for experiment in experiments:
        records = load_fold_records(workspace, experiment.name, num_folds)
        for record in records:  # Also of folds that are not chosen: one name is one recipe.
            require_unchanged(record, experiment, fingerprints, workspace)
        complete = {record.fold for record in records}
        for fold in sorted(set(folds) - complete):
            _require_teachers(experiment, fold, experiments, workspace)
            tasks.append(FoldTask(experiment, fold, dataset, workspace.checkpoint_dir(experiment.name, fold)))
    return tasks


def require_unchanged(
    record: FoldRecord, experiment: Experiment | None, fingerprints: dict[str, str], workspace: Workspace
) -> None:
    """Check that a complete fold was trained by this recipe, if one is given, on the data of these fingerprints.

    Raises:
        InputError: it was not.
    """
    directory = workspace.oof_dir / record.experiment
    if experiment is not None and record.recipe_hash != experiment.hash():
        raise InputError(
            f"fold {record.fold} of {record.experiment} was trained by another recipe than experiments.py now holds; "
            f"give the new recipe a new name, or give up the old results: rm -r {directory}"
        )
    if record.fingerprints != fingerprints:
        changed = ", ".join(name for name in fingerprints if record.fingerprints.get(name) != fingerprints[name])
        raise InputError(
            f"fold {record.fold} of {record.experiment} was trained on other data ({changed} changed); restore the "
            f"data, or give up the old results: rm -r {directory}"
        )


def _require_teachers(experiment: Experiment, fold: int, trained: Sequence[Experiment], workspace: Workspace) -> None:
    for teacher in experiment.teachers:
        if teacher not in trained and load_fold_record(workspace, teacher.name, fold) is None:
            names = " ".join(teacher.name for teacher in experiment.teachers)
            raise InputError(
                f"{experiment.name} learns from {teacher.name}, which has no fold {fold} yet; train them together: "
                f"python -m scripts.train {names} {experiment.name}"
            )


def split_stages(tasks: Sequence[FoldTask]) -> Iterator[list[FoldTask]]:
    """Divide tasks so that no student is in the same or an earlier part than its teachers; the order is kept."""
    in_order = sorted(tasks, key=lambda task: task.experiment.stage())
    for _, stage in groupby(in_order, key=lambda task: task.experiment.stage()):
        yield list(stage)


def add_distillation_set(task: FoldTask, workspace: Workspace) -> FoldTask:
    """Give a student its distillation set, labelled by its teachers' models of the same fold.

    None of these models was trained on the fold's validation part, so no label of it reaches the student.

    Raises:
        InputError: a teacher's fold is missing, damaged, or of another recipe or other data.
    """
    experiment = task.experiment
    if experiment.distillation is None:
        return task
    find_pending(experiment.teachers, [task.fold], task.dataset, workspace)  # Checks the complete folds.
    _require_teachers(experiment, task.fold, [], workspace)
    teachers = [load_fold_classifier(workspace, teacher.name, task.fold) for teacher in experiment.teachers]
    images = task.dataset.images[task.split()[0]]
    seed = experiment.fold_seed(task.fold)
    return replace(task, distillation_set=make_distillation_set(experiment.distillation, images, teachers, seed))


def load_fold_classifier(workspace: Workspace, experiment: str, fold: int) -> Classifier:
    """Read the model of a complete fold; it predicts what the fold result holds, to the last bit.

    Raises:
        InputError: the fold is not complete, or the model's file is gone or damaged.
    """
    record = load_fold_record(workspace, experiment, fold)
    if record is None:
        raise InputError(f"{experiment} has no fold {fold} yet; train it: {train_command(experiment, fold)}")
    path = workspace.oof_dir / experiment / record.model_name
    try:
        return load_classifier(path)
    except Exception as error:  # A damaged or outdated file fails in many ways.
        if describe_missing_library(error):
            raise
        raise InputError(
            f"{path} cannot be loaded ({error}); delete {path.with_suffix('.json')} and run: "
            f"{train_command(experiment, fold)}"
        ) from None

"""Out-of-fold (OOF) predictions: the folds of one experiment put back together in row order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from src.common.arrays import Proba
from src.common.competition import NUM_CLASSES
from src.common.errors import InputError, suggest
from src.common.workspace import Workspace
from src.data.folds import Folds
from src.validation.fold_results import FoldRecord, list_trained, load_fold_predictions, load_fold_records


@dataclass(frozen=True)
class OofPredictions:
    """What the models of one experiment predict."""

    experiment: str
    oof: Proba  # float32 (n, 10): each row by the model that did not train on it
    test: Proba  # float32 (t, 10): mean over the folds' models
    records: tuple[FoldRecord, ...]  # one per fold

    @property
    def train_fraction(self) -> float:
        """Fraction of each fold's training rows that was trained on; less than 1 only for learning curves."""
        return float(self.records[0].recipe["train_fraction"])

    @property
    def learns_drawn_digits(self) -> bool:
        """Whether it learns from digits that a program draws, so that it is for the app alone."""
        recipe = self.records[0].recipe
        distillation, lines = recipe.get("distillation") or {}, recipe.get("trainer", {}).get("lines", {})
        return bool(distillation.get("drawn_per_image") or lines.get("drawn_probability"))


def load_oof_predictions(workspace: Workspace, experiment: str, folds: Folds) -> OofPredictions:
    """Put the folds of an experiment together.

    Raises:
        InputError: a fold is missing, damaged, or of other data or folds than these.
    """
    trained = list_trained(workspace)
    if experiment not in trained:
        raise InputError(
            f"{workspace.oof_dir} has no results of {experiment!r}{suggest(experiment, trained)}; train it: "
            f"python -m scripts.train {experiment}"
        )
    records = load_fold_records(workspace, experiment, folds.num_folds)
    missing = sorted(set(range(folds.num_folds)) - {record.fold for record in records})
    if missing:
        raise InputError(
            f"{experiment} lacks folds {','.join(map(str, missing))}; train them: python -m scripts.train {experiment}"
        )
    if len({record.recipe_hash for record in records}) > 1:
        raise InputError(
            f"the folds of {experiment} were trained by different recipes; give up the old results: "
            f"rm -r {workspace.oof_dir / experiment}"
        )
    oof = np.empty((len(folds.labels), NUM_CLASSES), dtype=np.float32)
    test = []
    for record in records:
        predictions = load_fold_predictions(workspace, record, folds)
        oof[predictions.valid_rows] = predictions.valid_proba
        test.append(predictions.test_proba)
    if any(record.fingerprints != records[0].fingerprints for record in records):
        raise InputError(
            f"the folds of {experiment} were trained on different data; give up the old results: "
            f"rm -r {workspace.oof_dir / experiment}"
        )
    return OofPredictions(experiment, oof, np.stack(test).mean(axis=0), tuple(records))


def require_same_data(members: Sequence[OofPredictions]) -> None:
    """Check that all members were trained on, and predict, the same data.

    Raises:
        InputError: two fingerprints differ.
    """
    reference = members[0]
    for member in members:
        if member.records[0].fingerprints != reference.records[0].fingerprints:
            raise InputError(
                f"{member.experiment} and {reference.experiment} were trained on different data or folds, so they "
                "cannot be blended; delete the outdated one's directory in oof/ and train it again"
            )


def require_test_images(member: OofPredictions, present: str, workspace: Workspace) -> None:
    """Check that an experiment predicted the images of the fingerprint `present`, those of the present test.csv.

    Raises:
        InputError: it predicted others.
    """
    if any(record.fingerprints.get("test") != present for record in member.records):
        raise InputError(
            f"{workspace.test_csv} is not the file whose images {member.experiment} predicted; restore it, or train "
            "again in another workspace"
        )

"""Blend experiments into submissions/submission.csv: python -m scripts.ensemble [EXPERIMENT...].

Without names, every experiment of the workspace whose folds are all there takes part, unless it learnt from a share of
the rows.
"""

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from scripts import run
from src.common.competition import SLUG
from src.common.errors import InputError
from src.common.metrics import accuracy, format_accuracy
from src.common.workspace import Workspace, find_workspace
from src.data.csv_files import read_submission
from src.data.folds import Folds, load_folds
from src.evaluation.ensemble import NOISE, Blend, blend, write_submission
from src.validation.fold_results import list_trained, load_fold_records
from src.validation.oof import OofPredictions, load_oof_predictions


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.ensemble", description=__doc__)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT")
    arguments = parser.parse_args()
    workspace = find_workspace()
    folds = load_folds(workspace)
    names = list(dict.fromkeys(arguments.experiments)) or _find_complete(workspace, folds)
    members = [load_oof_predictions(workspace, name, folds) for name in names]
    result = blend(members, folds.labels, folds.assignment)
    write_submission(result, members, folds, workspace)
    _report(result, members, folds)
    _report_test_accuracy(result, workspace)
    message = f"{' + '.join(names)}, OOF {accuracy(folds.labels, result.oof):.5f}"
    print("to look at its errors: python -m scripts.analyze_errors")
    print(f"submission: {workspace.submission_csv}")
    if workspace.test_labels_csv.exists():
        print("This is the embedded sample's and not for Kaggle; with the competition's data you would now run:")
    kaggle = shutil.which("kaggle") or str(Path(sys.executable).with_name("kaggle"))  # .venv need not be activated
    print(shlex.join([kaggle, "competitions", "submit", SLUG, "-f", str(workspace.submission_csv), "-m", message]))


def _find_complete(workspace: Workspace, folds: Folds) -> list[str]:
    complete = []
    for name in list_trained(workspace):
        records = load_fold_records(workspace, name, folds.num_folds)
        if len(records) < folds.num_folds:
            print(f"left out: {name}, with {len(records)} of {folds.num_folds} folds")
        elif "train_fraction" in records[0].recipe:
            print(f"left out: {name}, which learnt from a share of the rows")
        else:
            complete.append(name)
    if not complete:
        raise InputError(f"no experiment in {workspace.oof_dir} has all its folds; train: python -m scripts.train")
    return complete


def _report(result: Blend, members: list[OofPredictions], folds: Folds) -> None:
    num_rows = len(folds.labels)
    for member, weight in zip(members, result.weights, strict=True):
        oof = format_accuracy(accuracy(folds.labels, member.oof), num_rows)
        print(f"  {member.experiment:<20} weight {weight:.3f}  OOF {oof}")
    if len(members) > 1:
        gain, error = 100 * result.nested_gain, 100 * result.nested_gain_error
        verdict = "beat" if result.kind == "weighted" else "do not beat"
        print(
            f"weights chosen on OOF {verdict} the plain mean by more than {NOISE:g} standard errors "
            f"(nested cross-validation: {gain:+.3f} ± {error:.3f} %)"
        )
    print(f"blend ({result.kind}): OOF {format_accuracy(accuracy(folds.labels, result.oof), num_rows)}")


def _report_test_accuracy(result: Blend, workspace: Workspace) -> None:
    if workspace.test_labels_csv.exists():
        truth = read_submission(workspace.test_labels_csv, len(result.test))
        print(f"blend: test {format_accuracy(accuracy(truth, result.test), len(truth))} of {len(truth):,} images")


if __name__ == "__main__":
    run(main)

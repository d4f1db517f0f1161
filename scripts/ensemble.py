"""Blend experiments into submissions/submission.csv: python -m scripts.ensemble [EXPERIMENT...].

Without names, all experiments that have all their folds are blended, except those trained on a fraction of the rows and
those that learn from drawn digits too, which are for the app alone.
"""

import argparse
import json
import shlex
import sys

from scripts import run
from src.common.competition import SLUG
from src.common.metrics import accuracy, format_accuracy
from src.common.workspace import Workspace, find_workspace
from src.evaluation.ensemble import Ensemble, make_ensemble, make_message


def main() -> None:
    """Blend the experiments, print their OOF accuracy and the command that sends the submission."""
    parser = argparse.ArgumentParser(prog="python -m scripts.ensemble", description=__doc__)
    parser.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help="default: all complete ones")
    arguments = parser.parse_args()
    workspace = find_workspace()
    ensemble = make_ensemble(workspace, arguments.experiments)
    _print_accuracies(ensemble)
    print("to analyse its errors: python -m scripts.analyze_errors")
    print(f"submission: {workspace.submission_csv}")
    if ensemble.test_labels is not None:
        print("The embedded sample is not for Kaggle. With the competition's data, you would now run:")
    print(_submit_command(workspace))


def _print_accuracies(ensemble: Ensemble) -> None:
    for name, reason in ensemble.excluded.items():
        print(f"left out: {name}, which {reason}")
    blend, labels = ensemble.blend, ensemble.labels
    for member, weight in zip(ensemble.members, blend.weights, strict=True):
        oof = format_accuracy(accuracy(labels, member.oof), len(labels))
        print(f"  {member.experiment:<20} weight {weight:.3f}  OOF {oof}")
    if len(ensemble.members) > 1:
        comparison = "beat" if blend.kind == "weighted" else "do not beat"
        print(
            f"weights chosen on OOF {comparison} equal ones by more than a standard error (nested cross-validation: "
            f"log loss {-blend.nested_gain:+.5f} ± {blend.nested_gain_error:.5f})"
        )
    print(f"blend ({blend.kind}): OOF {format_accuracy(accuracy(labels, blend.oof), len(labels))}")
    if ensemble.test_labels is not None:
        num_images = len(ensemble.test_labels)
        test_accuracy = accuracy(ensemble.test_labels, blend.test)
        print(f"blend: test {format_accuracy(test_accuracy, num_images)} of {num_images:,} images")


def _submit_command(workspace: Workspace) -> str:
    """Return the command that sends the submission, by Kaggle's package of the interpreter that runs this one."""
    message = make_message(json.loads(workspace.submission_json.read_text()))
    program = [sys.executable, "-m", "kaggle", "competitions", "submit", SLUG]
    return shlex.join([*program, "-f", str(workspace.submission_csv), "-m", message])


if __name__ == "__main__":
    run(main)

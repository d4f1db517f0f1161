"""Train experiments fold by fold: python -m scripts.train EXPERIMENT... [--folds 0,1] [--jobs N].

Complete folds are skipped, and an interrupted fold continues after its last finished epoch, so the same command can be
run again until all folds are complete. On a Ray cluster: --runner ray [--ray-address ADDRESS] [--cores-per-job N]
[--jobs-per-gpu N].

With --log, each fold that is complete is also written for TensorBoard, MLflow or Weights & Biases, to oof/tracking/.
"""

import argparse
from functools import partial

from scripts import run
from src.common.workspace import find_workspace
from src.data.folds import load_folds
from src.experiments import get_experiments
from src.training.backend import has_gpu
from src.validation import cross_validation
from src.validation.cross_validation import Runner
from src.validation.runners.local import choose_num_jobs, run_local, run_processes
from src.validation.runners.ray_cluster import run_ray
from src.validation.tracking import TRACKERS, make_tracker, track_nowhere

RUNNER_OPTIONS = {"local": ("jobs",), "ray": ("ray_address", "cores_per_job", "jobs_per_gpu")}
"""Options that go with each runner."""


def main() -> None:
    """Train what is not complete."""
    parser = _build_parser()
    arguments = parser.parse_args()
    for runner, names in RUNNER_OPTIONS.items():
        for name in names:
            if runner != arguments.runner and getattr(arguments, name) is not None:
                parser.error(f"--{name.replace('_', '-')} needs --runner {runner}")
    experiments, workspace = get_experiments(arguments.experiments), find_workspace()
    folds = arguments.folds or range(load_folds(workspace).num_folds)
    num_tasks = len(experiments) * len(folds)
    track = make_tracker(arguments.log, workspace) if arguments.log else track_nowhere
    cross_validation.run(experiments, folds, workspace, _choose_runner(arguments, num_tasks), track)


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=__doc__)
    parser.add_argument("experiments", nargs="+", metavar="EXPERIMENT", help="names in src/experiments.py")
    parser.add_argument("--folds", type=_parse_folds, help="such as 0,1 (default: all)")
    parser.add_argument(
        "--jobs", type=_parse_number, help="folds at the same time (default: one on each core, or one on a GPU)"
    )
    parser.add_argument("--runner", choices=RUNNER_OPTIONS, default="local", help="where folds run (default: local)")
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of a cluster (default: Ray on this machine alone)")
    parser.add_argument(
        "--cores-per-job", type=_parse_number, help="with Ray (default: 1, or a GPU's share of the cores)"
    )
    parser.add_argument("--jobs-per-gpu", type=_parse_number, help="with Ray (default: 1)")
    parser.add_argument("--log", choices=TRACKERS, help="also write the folds for this program")
    return parser


def _choose_runner(arguments: argparse.Namespace, num_tasks: int) -> Runner:
    if arguments.runner == "ray":
        return partial(
            run_ray,
            address=arguments.ray_address,
            cores_per_job=arguments.cores_per_job,
            jobs_per_gpu=arguments.jobs_per_gpu or 1,
        )
    # Complete folds count as well, so that the number of threads is the same when the command is repeated.
    num_jobs = arguments.jobs or (1 if has_gpu() else choose_num_jobs(num_tasks))
    return run_local if num_jobs == 1 else partial(run_processes, num_jobs=num_jobs)


def _parse_folds(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of folds such as 0,1") from None


def _parse_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number such as 2")
    return int(text)


if __name__ == "__main__":
    run(main)

"""Train experiments fold by fold: python -m scripts.train EXPERIMENT... [--folds 0,1] [--jobs N] [--estimate].

Complete folds are skipped and an interrupted one goes on after its last finished epoch, so the same command again
finishes the work. On several machines: --runner ray [--ray-address ADDRESS] [--cores-per-job N] [--jobs-per-gpu N].
"""

import argparse
from functools import partial

from scripts import run
from src.common.workspace import find_workspace
from src.experiments import get_experiments
from src.validation import cross_validation
from src.validation.cross_validation import Runner
from src.validation.runners.local import run_local, run_processes
from src.validation.runners.ray_cluster import run_ray


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=__doc__)
    parser.add_argument("experiments", nargs="+", metavar="EXPERIMENT", help="names in src/experiments.py")
    parser.add_argument("--folds", type=_parse_folds, help="such as 0,1 (default: all)")
    parser.add_argument("--jobs", type=_parse_number, help="folds at once, sharing the cores (default: 1)")
    parser.add_argument("--runner", choices=("local", "ray"), default="local", help="where folds run (default: local)")
    parser.add_argument("--ray-address", metavar="ADDRESS", help="of a cluster (default: Ray on this machine alone)")
    parser.add_argument(
        "--cores-per-job",
        type=_parse_number,
        help="with Ray (default: all of the smallest machine)",
    )
    parser.add_argument("--jobs-per-gpu", type=_parse_number, help="with Ray (default: 1)")
    parser.add_argument("--estimate", action="store_true", help="first measure shortly and say how long it will take")
    arguments = parser.parse_args()
    with_ray = {name: getattr(arguments, name) for name in ("ray_address", "cores_per_job", "jobs_per_gpu")}
    is_local = arguments.runner == "local"
    for name, value in (with_ray if is_local else {"jobs": arguments.jobs}).items():
        if value is not None:
            parser.error(f"--{name.replace('_', '-')} does not go with --runner {arguments.runner}")
    experiments = get_experiments(arguments.experiments)
    runner: Runner = run_local
    if not is_local:
        runner = partial(
            run_ray,
            address=arguments.ray_address,
            cores_per_job=arguments.cores_per_job,
            jobs_per_gpu=arguments.jobs_per_gpu or 1,
        )
    elif (arguments.jobs or 1) > 1:
        runner = partial(run_processes, num_jobs=arguments.jobs)
    estimate = arguments.estimate and is_local  # of other machines nothing is known
    cross_validation.run(experiments, arguments.folds, find_workspace(), runner, estimate)


def _parse_folds(text: str) -> list[int]:
    try:
        return sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of folds such as 0,1") from None


def _parse_number(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 2")
    return int(text)


if __name__ == "__main__":
    run(main)

#!/usr/bin/env bash
# The checks: lint, types and tests. Makes .venv on first use.
#   bash scripts/test.sh [--all | --lint | --unit] [PYTEST ARGUMENTS...]
# Without an option: lint, types and the unit tests. --all: also the slow end-to-end tests and those in a browser
# (Debian: apt install chromium), and at least 90 % coverage of src. --lint: lint and types alone. --unit: the unit tests alone.
set -euo pipefail
CDPATH='' cd "$(dirname "$0")/.."

checks="lint unit"
tests=(--numprocesses 2 --cov=src --cov-report=term:skip-covered)
case ${1:-} in
--all) tests+=(--all --cov-fail-under=90) && shift ;;
--lint) checks=lint && shift ;;
--unit) checks=unit && shift ;;
-h | --help) sed -n '2,5s/^# \{0,1\}//p' scripts/test.sh && exit 0 ;;
esac

source scripts/environment.sh
ensure_environment requirements.txt requirements-ray.txt requirements-tracking.txt requirements-dev.txt

if [[ $checks == *lint* ]]; then
    "$PYTHON" -m ruff check .
    "$PYTHON" -m ruff format --check .
    "$PYTHON" -m mypy
fi
if [[ $checks == *unit* ]]; then
    "$PYTHON" -m pytest "${tests[@]}" "$@"
fi

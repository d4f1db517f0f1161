#!/usr/bin/env bash
# The tests: lint, types, pytest.
#   bash scripts/test.sh [--all] [PYTEST ARGUMENTS...]
# --all: also the slow end-to-end tests, and those in a browser (Debian: apt install chromium).
set -euo pipefail
cd "$(dirname "$0")/.."

source scripts/environment.sh
ensure_environment requirements.txt requirements-ray.txt requirements-dev.txt

"$PYTHON" -m ruff check .
"$PYTHON" -m ruff format --check .
"$PYTHON" -m mypy
"$PYTHON" -m pytest --numprocesses 2 "$@"

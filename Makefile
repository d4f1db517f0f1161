.DEFAULT_GOAL := help
.PHONY: help setup test test-all lint sample app lock

PYTHON := $(or $(DIGITS_PYTHON),.venv/bin/python)
UV_COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## make .venv with all packages that the tests need
	@bash -c 'source scripts/environment.sh && ensure_environment requirements.txt requirements-ray.txt requirements-tracking.txt requirements-dev.txt'

test: ## lint, types and unit tests
	@bash scripts/test.sh

test-all: ## the same, and the end-to-end and browser tests
	@bash scripts/test.sh --all

lint: ## lint and types alone
	@bash scripts/test.sh --lint

sample: ## the whole pipeline on the embedded sample
	@bash scripts/run_folds.sh --sample

app: ## serve the digit recogniser
	@bash -c 'source scripts/environment.sh && ensure_environment requirements.txt'
	@$(PYTHON) -m scripts.app

lock: setup ## pin the dependencies of pyproject.toml; UPGRADE=--upgrade for the newest versions
	$(UV_COMPILE) --group uv -o requirements-uv.txt
	$(UV_COMPILE) pyproject.toml --extra app -o requirements.txt
	$(UV_COMPILE) --group ray -c requirements.txt -o requirements-ray.txt
	$(UV_COMPILE) --group gpu-jax -c requirements.txt -o requirements-gpu-jax.txt
	$(UV_COMPILE) --group gpu-tensorflow -c requirements.txt -o requirements-gpu-tensorflow.txt
	$(UV_COMPILE) --group tracking -c requirements.txt -c requirements-ray.txt -o requirements-tracking.txt
	$(UV_COMPILE) --group dev -c requirements.txt -c requirements-ray.txt -c requirements-tracking.txt \
		-c requirements-gpu-jax.txt -o requirements-dev.txt

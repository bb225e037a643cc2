# Everything that is needed beyond Python 3.11 and a Debian-like system is installed by `setup`.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
NODE_PACKAGES := deploy/geo/package-lock.json tests/s3/package-lock.json
BENCHMARKS := ingest compaction cost freshness listing
SOAK := --seconds 120
.PHONY: setup demo test lint fix soak bench

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml deploy/setup.sh $(NODE_PACKAGES)
	bash deploy/setup.sh "$(PYTHON)"

demo: setup
	$(BIN)/replaylake demo

test: setup
	$(BIN)/pytest -q -n 2 --dist loadfile
	$(BIN)/pytest -q -n 2 --dist loadfile --s3 -m "not folder" tests/ingest tests/query tests/compaction

bench: setup
	for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || exit 1; done

# Kills every process again and again, then looks for every chunk; the long form is SOAK="--kills 1000".
soak: setup
	$(BIN)/python -m tests.soak $(SOAK)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Everything that is needed beyond Python 3.11 and a Debian-like system is installed by `setup`.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
NODE_PACKAGES := deploy/geo/package-lock.json tests/s3/package-lock.json
.PHONY: setup demo test lint fix

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml deploy/setup.sh $(NODE_PACKAGES)
	bash deploy/setup.sh "$(PYTHON)"

demo: setup
	$(BIN)/replaylake demo

test: setup
	$(BIN)/pytest -q

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Everything that is needed beyond Python 3.11 and a Debian-like system is installed by `setup`.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
.PHONY: setup test lint fix

setup: .venv/ready

.venv/ready: requirements.lock pyproject.toml deploy/setup.sh
	bash deploy/setup.sh "$(PYTHON)"

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

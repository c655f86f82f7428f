# `make` alone says what there is.

VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Two processes at a time, each with a broker, an engine and a product of its own; a file's tests stay together (ARGS="-n 0": one).
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

# The first Python that is new enough, unless one is named: make PYTHON=/path/to/python3.12 run
PYTHON ?= $(shell for one in python3 python3.13 python3.12 python3.11; do \
	$$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$one && break; done)

.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast check bench chaos clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: $(VENV)/.installed ## environment, command and broker; done once

run: setup ## everything on this machine; Ctrl-C stops it (ARGS="--port 0 --no-demo")
	@exec $(BIN)/botpulse up $(ARGS)

test: $(VENV)/.installed-dev ## the whole test suite, real broker included (ARGS="-k name")
	@$(PYTEST) $(ARGS)

test-fast: $(VENV)/.installed-dev ## the tests that need no service, in seconds
	@$(PYTEST) -m "not kafka and not clickhouse and not browser and not stack" $(ARGS)

check: $(VENV)/.installed-dev ## lint, format, types, import rules
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy --strict app
	@$(BIN)/lint-imports

bench: $(VENV)/.installed-dev ## how fast it is on this machine, as a table
	@$(BIN)/botpulse bench $(ARGS)

chaos: $(VENV)/.installed-dev ## the long run of kills
	@CHAOS_KILLS=30 $(BIN)/pytest tests/chaos $(ARGS)

clean: ## remove the environment and every cache, keep the data
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find app tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it: make PYTHON=/path/to/python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than Python 3.11: name a newer one: make PYTHON=/path/to/python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) has no venv module: install it (Debian, Ubuntu: apt install python3-venv) and run make again"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -e .
	@$(BIN)/python -m app.local.jars
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.installed
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[dev]'
	@touch $@

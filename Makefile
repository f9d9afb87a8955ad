# make demo, make test: each sets up .venv first where it is missing or older than setup.cfg.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: demo test lint format wheel tutorials

demo: $(INSTALLED)
	$(BIN)/python -m zoo.cli.demo

test: $(INSTALLED)
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(INSTALLED)
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist .

# The notebooks in full mode: over half an hour. One alone: .venv/bin/python -m tutorials.build 01
tutorials: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[tutorials]'
	$(BIN)/python -m tutorials.build

# A .venv without a working pip (half made, or its Python is gone) is made anew.
$(INSTALLED): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 14) or sys.exit("PYTHON must be 3.10 to 3.13; got " + sys.version.split()[0] + " (make PYTHON=python3.12 ...)")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --editable '.[tests]'
	@touch $@

# make demo, check, test: each sets up .venv first where it is missing or older than setup.cfg.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
INSTALLED_DEMO := .venv/installed-demo
export TF_CPP_MIN_LOG_LEVEL ?= 3
# What the tests and their processes import is compiled once, not at each run.
unexport PYTHONDONTWRITEBYTECODE

# What the tests run on: two workers need about 2 GB each. The tests of a file share one, and so its
# fixtures; the files come in the order of tests/needs.py.
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# The marks of tests/needs.py: what is left takes less than 0.4 s, and needs no model, browser, notebook or process.
QUICK := not (model or process or browser or notebook or slow or unhurried)
MARKED ?= not slow

.PHONY: demo check test lint format wheel tutorials site

demo: $(INSTALLED_DEMO)
	$(BIN)/python -m zoo.cli.demo

check: lint
	$(PYTEST) --quiet -m "$(QUICK)"

test: $(INSTALLED)
	$(PYTEST) --durations 25 -m "$(MARKED)"

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel: $(INSTALLED)
	$(BIN)/python -m pip wheel --no-deps --wheel-dir dist . ./saved_models

# The notebooks in full mode: over half an hour. One alone: .venv/bin/python -m tutorials.build 01
tutorials: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[tutorials]'
	$(BIN)/python -m tutorials.build

# The tutorials as pages, in build/site; a link that leads nowhere is an error.
site: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable '.[site]'
	$(BIN)/python -m sphinx --quiet -n -W --keep-going -c tutorials/site tutorials build/site

$(INSTALLED): EXTRAS := tests
$(INSTALLED_DEMO): EXTRAS := all
# A .venv without a working pip (half made, or its Python is gone) is made anew.
$(INSTALLED) $(INSTALLED_DEMO): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; (3, 10) <= sys.version_info < (3, 14) or sys.exit("PYTHON must be 3.10 to 3.13; got " + sys.version.split()[0] + " (make PYTHON=python3.12 ...)")'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	@touch $@

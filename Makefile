# `make demo` and `make test` need Python >= 3.11 with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
OUT ?= demo-out

.PHONY: demo test check quality bench docs clean

demo: $(VENV)/.installed
	$(BIN)/spectral-ph demo -o $(OUT)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

check: $(VENV)/.installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make.py --check

# Scores of small shapes against those recorded: fails if one fell by more than it varies from seed to seed. In an empty
# folder, for records of the sweep do not notice that a distance was changed.
quality: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.quality --quick --check --jobs 2 --folder $$(mktemp -d)

bench: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.speed

docs: $(VENV)/.installed-test
	$(BIN)/python docs/make.py

clean:
	rm -rf $(VENV) $(OUT)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; run: make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e ".[cells]"
	touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e ".[cells,test]"
	touch $@ $(VENV)/.installed

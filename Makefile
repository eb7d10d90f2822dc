# `make demo` and `make test` need Python >= 3.11 with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
VENV_NN := .venv-nn
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
OUT ?= demo-out

.PHONY: demo test test-nn check quality bench docs clean

demo: $(VENV)/.installed
	$(BIN)/spectral-ph demo -o $(OUT)

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest

# What needs torch, in an environment of its own: the other tests show that the package does without.
test-nn: $(VENV_NN)/.installed
	$(VENV_NN)/bin/python -m pytest tests/nn spectral_ph/nn

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
	rm -rf $(VENV) $(VENV_NN) $(OUT)

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; run: make PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV_NN)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(VENV)/bin/python -m venv $(VENV_NN)
	$(VENV_NN)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[cells,embedding,nn,test]"
	touch $@

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e ".[cells]"
	touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e ".[cells,test]"
	touch $@ $(VENV)/.installed

# `make demo` and `make test` need Python >= 3.11 with venv, and nothing else.
PYTHON ?= python3
VENV := .venv
VENV_NN := .venv-nn
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
OUT ?= demo-out

SPHINX := $(BIN)/python -m sphinx -q -W --keep-going -b html -c docs

.PHONY: help demo test test-nn check quality bench docs site release-check clean

help:  ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /|/' | while IFS='|' read -r name says; do printf '  make %-14s %s\n' "$$name" "$$says"; done

demo: $(VENV)/.installed  ## simulate a cell-cycle experiment and find its loop
	$(BIN)/spectral-ph demo -o $(OUT)

# As many files at a time as there are cores; what the tests of one file share is made once. Threads of one do not hold up another.
test: $(VENV)/.installed-test  ## run all tests and the examples of the docstrings; FAST=1 leaves out what is slow
	OMP_WAIT_POLICY=passive $(BIN)/python -m pytest -n logical --dist loadfile $(if $(FAST),-m "not slow")

# What needs torch, in an environment of its own: the other tests show that the package does without. On one thread, for the
# bits of torch depend on how many there are, and two take longer for nets as small as these.
test-nn: $(VENV_NN)/.installed  ## run the tests of spectral_ph.nn, with torch
	OMP_NUM_THREADS=1 $(VENV_NN)/bin/python -m pytest tests/nn spectral_ph/nn

check: $(VENV)/.installed-docs  ## style, types, layers, tables of the docs, and the site as it is kept
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/make.py --check
	$(SPHINX) -j auto . build/site-kept

# Scores of small shapes against those recorded: fails if one fell by more than it varies from seed to seed. In an empty
# folder, for records of the sweep do not notice that a distance was changed.
quality: $(VENV)/.installed-test  ## no score of a small shape has fallen
	$(BIN)/python -m benchmarks.quality --quick --check --jobs 2 --folder $$(mktemp -d)

bench: $(VENV)/.installed-test  ## measure the speed against other programs
	$(BIN)/python -m benchmarks.speed

docs: $(VENV)/.installed-test  ## make the tables and figures in docs/
	$(BIN)/python docs/make.py

# The notebooks and the gallery are run anew, and kept until they change. In one process: with -j, running them did not end.
site: $(VENV)/.installed-docs  ## build the site into build/site, with its notebooks run
	SPECTRAL_PH_SITE_EXECUTE=cache $(SPHINX) . build/site
	@echo "Open build/site/index.html."

release-check: $(VENV)/.installed-release  ## build, and try what is built in clean environments, for every Python that is here
	$(BIN)/python release/check.py

clean:  ## remove what was installed and built
	rm -rf $(VENV) $(VENV_NN) $(OUT) build dist docs/reference/api

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

$(VENV)/.installed-docs: pyproject.toml constraints.txt $(VENV)/.installed-test
	$(PIP) -e ".[docs]"
	touch $@

$(VENV)/.installed-release: pyproject.toml constraints.txt $(VENV)/.installed-test
	$(PIP) -e ".[release]"
	touch $@

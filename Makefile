# Everything that one does with a checkout of lamina. `make` alone lists it.
#
# Each command makes or refreshes the environment in .venv first, as far as it needs it: `make demo` installs what
# lamina runs on and nothing else, the other commands add what a contributor uses. The files .venv/.run,
# .venv/.dev and .venv/.bench record what is installed; a change of pyproject.toml or constraints.txt makes them stale.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo reproduce test test-all check docs bench clean

# The Python that .venv is made with: the first that is new enough, or the one that you name (make demo PYTHON=...).
PYTHON ?= $(shell for name in python3 python python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
# pip reports errors only: what is installed is said beforehand, and its remarks are about pip itself.
PIP := PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip install -qq -c constraints.txt
# Two test processes with one thread each are faster than one process with two threads, and no test depends on the count.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2

define environment
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "lamina needs Python 3.11 or newer, and $(if $(PYTHON),$(PYTHON) is not,none was found)."; \
	  echo "Install one, or name one: make $(or $(MAKECMDGOALS),demo) PYTHON=/path/to/python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  echo "Making a virtual environment in $(VENV) with $$($(PYTHON) --version) ..."; \
	  $(PYTHON) -m venv --clear $(VENV) || { \
	    echo "$(PYTHON) could not make a virtual environment: its modules venv and ensurepip are missing."; \
	    echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }; }
endef

help:  ## list these commands
	@echo "lamina: make COMMAND, where COMMAND is"
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.run  ## learn the fly's motion pathway from photographs; the report goes to out/motion
	@echo "Running: lamina reproduce motion --out out/motion (up to 3 minutes on two cores)"
	@$(BIN)/lamina reproduce motion --out out/motion

reproduce: $(VENV)/.run  ## run every experiment of the paper; one report on all claims goes to out/all
	@echo "Running: lamina reproduce all --out out/all (up to 10 minutes on two cores)"
	@mkdir -p out
	@$(BIN)/lamina reproduce all --out out/all

test: $(VENV)/.dev  ## run all tests and every example in the documentation, but for the slow ones
	@echo "Testing lamina, in two processes (some minutes) ..."
	@$(PYTEST) -m "not slow"

test-all: $(VENV)/.dev  ## run all tests, the slow ones included
	@echo "Testing lamina, slow tests included, in two processes ..."
	@$(PYTEST)

check: $(VENV)/.dev  ## run the gate: lint, formatting, types, import contract, documentation
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory docs

docs: $(VENV)/.dev  ## build the documentation into docs/_build/html; a warning is an error
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html
	@echo "The documentation is in docs/_build/html/index.html"

bench: $(VENV)/.bench  ## run every benchmark; each prints ratios measured in one run
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python "$$file" || exit 1; done

clean:  ## remove the environment, caches and built documentation; results in out/ stay
	rm -rf $(VENV) build dist docs/_build docs/api/generated docs/experiments/generated
	rm -rf .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name .git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.run: pyproject.toml constraints.txt
	$(environment)
	@echo "Installing lamina and what it runs on into $(VENV) (NumPy, SciPy, matplotlib and others; about a minute) ..."
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	$(environment)
	@echo "Installing lamina and what its tests and checks use into $(VENV) (PyTorch, pytest, ruff, pyright, Sphinx and"
	@echo "others; some minutes, most of them for PyTorch) ..."
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/.bench: pyproject.toml constraints.txt
	$(environment)
	@echo "Installing lamina and the packages that it is measured against into $(VENV) ..."
	@$(PIP) -e '.[bench]'
	@touch $@ $(VENV)/.run

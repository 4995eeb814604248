# Every target does the set-up it needs, and only once. `make` alone lists them.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# processes that run tests at a time
JOBS ?= 2
# further words for the command, as in: make demo ARGS=--headless
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help api demo test test-slow test-ray test-evidently lint types imports dependencies unit bench check upgrade clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): pyproject.toml constraints.txt .ci/venv
	@echo "Setting up $(VENV): a minute or two, once"
	@PYTHON="$(PYTHON)" .ci/venv $(VENV)
	@touch $@

demo: $(READY) ## the whole loop on a bundled real stream
	@$(BIN)/duetmind demo $(ARGS)

test: $(READY) ## the tests
	@$(BIN)/python -m pytest -n $(JOBS) -m "not slow and not ray and not evidently" $(ARGS)

test-slow: $(READY) ## the tests that take minutes
	@$(BIN)/python -m pytest -m slow $(ARGS)

api: $(READY) ## docs/api.md from the docstrings
	@$(BIN)/python docs/api_reference.py

test-ray: $(READY) ## the tests on a Ray cluster of their own; installs Ray
	@EXTRA=ray PYTHON="$(PYTHON)" .ci/venv $(VENV)
	@$(BIN)/python -m pytest -m ray $(ARGS)

test-evidently: $(READY) ## the tests with Evidently; installs it
	@EXTRA=evidently PYTHON="$(PYTHON)" .ci/venv $(VENV)
	@$(BIN)/python -m pytest -m evidently $(ARGS)

lint: $(READY) ## style and mistakes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## static types
	@$(BIN)/basedpyright

imports: $(READY) ## which way imports may point
	@PYTHONPATH=daemon:handlers $(BIN)/lint-imports

dependencies: $(READY) ## what is imported is declared, and the other way round
	@$(BIN)/deptry daemon handlers

unit: ## the systemd unit: valid, and exposed no more than 2.0 of 10 (where systemd-analyze is installed)
	@.ci/unit

check: test lint types imports dependencies unit ## everything a change must pass

bench: $(READY) ## the measurements
	@$(BIN)/python -m benchmarks $(ARGS)

upgrade: ## take the newest versions that pyproject.toml allows and write them to constraints.txt
	@.ci/venv $(VENV) newest
	@$(BIN)/python -m pip install --quiet --upgrade -e '.[boosting,evidently,ray]'
	@{ sed -n '/^#/p' constraints.txt; $(BIN)/python -m pip freeze --exclude-editable | LC_ALL=C sort -f; } > $(VENV)/pins
	@mv $(VENV)/pins constraints.txt
	@touch $(READY)

clean: ## remove what the other targets made
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

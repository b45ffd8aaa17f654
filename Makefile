# Everything a newcomer needs is Python >= 3.11 and make: each target sets up what it uses.
# `make demo` shows the operator at work; `make test` proves it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: help
help: ## Show the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements-dev.lock pyproject.toml
	@echo "==> setting up $(VENV) with the locked dependencies"
	@$(PYTHON) -c 'import sys; sys.exit("Python >= 3.11 is needed, this is %s" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: setup
setup: $(READY) ## Create the virtual environment from the lock file

.PHONY: lock
lock: $(READY) ## Refresh the lock files (hashes, no index addresses)
	@for target in "requirements.lock pyproject.toml --extra tracing" "requirements-dev.lock pyproject.toml --extra tracing --group dev" \
	    "requirements-build.lock --group build"; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --output-file $$target; done

.PHONY: tools
tools: $(READY) ## Build the control plane's binaries (minutes once, then cached)
	@$(BIN)/python -m sandbox.cluster build

.PHONY: cluster
cluster: $(READY) ## Start a throw-away cluster and print its kubeconfig
	@$(BIN)/python -m sandbox.cluster run

.PHONY: demo
demo: $(READY) ## Play the story: rollouts on a real cluster, told to a stand-in Jira
	@$(BIN)/python -m sandbox.demo

.PHONY: lint
lint: $(READY) ## ruff, mypy --strict, import layers, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python charts/generate_crds.py --check
	@$(BIN)/python charts/generate_readme.py --check
	@$(BIN)/python charts/generate_dashboards.py --check
	@$(BIN)/python -m docs.reference_pages --check

.PHONY: generate
generate: $(READY) ## Write the generated files: the chart's CRD templates, README and dashboards, the reference
	@$(BIN)/python charts/generate_crds.py
	@$(BIN)/python charts/generate_readme.py
	@$(BIN)/python charts/generate_dashboards.py
	@$(BIN)/python -m docs.reference_pages

.PHONY: docs
docs: $(READY) ## Build the documentation as a site, into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "==> site/index.html; to read it: $(BIN)/python -m http.server --bind 127.0.0.1 --directory site"

.PHONY: test
test: lint tools ## Lint, unit tests and end-to-end tests on the real control plane
	@$(BIN)/pytest -n 2 --dist loadfile

.PHONY: bench
bench: $(READY) tools ## Measure latency, requests and memory beside a bare watch
	@$(BIN)/python -m benchmarks.rollouts

MINUTES ?= 60

.PHONY: soak
soak: $(READY) tools ## Roll out for an hour (MINUTES=) while Jira fails, and see whether anything is lost or grows
	@$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

# Two commands are all a fresh machine needs: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo up down wipe test lint unit postgres gateway models engine browser chaos fuzz bench templates pictures lock

help: ## Show what can be done
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Cần Python 3.11 trở lên: make PYTHON=python3.12 …"; exit 1; }
	@echo "Tạo môi trường Python (một lần)…"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/ready ## Start everything, play the sample dossiers, show their timelines; leaves it running
	$(BIN)/dieuphoi demo

up: $(VENV)/ready ## Start everything without sample dossiers
	$(BIN)/dieuphoi up

down: $(VENV)/ready ## Stop everything, keep all data
	$(BIN)/dieuphoi down

wipe: $(VENV)/ready ## Delete all data, after asking
	$(BIN)/dieuphoi wipe

test: $(VENV)/ready-dev ## Run every ring of tests
	$(BIN)/python -m tests.rings

lint: $(VENV)/ready-dev ## Check style, types, import direction and dependencies
	$(BIN)/python -m tests.rings lint

unit postgres gateway models engine browser: $(VENV)/ready-dev ## Run one ring of tests
	$(BIN)/python -m tests.rings $@

chaos: $(VENV)/ready-dev ## Run dossiers through faults: make chaos DOSSIERS=40 MINUTES=10 SEED=7 POSTGRESQL=yes (all optional)
	$(BIN)/python -m tests.chaos $(DOSSIERS:%=--dossiers %) $(MINUTES:%=--minutes %) $(SEED:%=--seed %) $(if $(POSTGRESQL),--postgresql)

fuzz: $(VENV)/ready-dev ## Feed spoilt configuration, dossiers and documents: make fuzz SECONDS=600 SEED=7 (both optional)
	$(BIN)/python -m tests.fuzz $(SECONDS:%=--seconds %) $(SEED:%=--seed %)

bench: $(VENV)/ready-dev ## Measure speed beside other clients and write docs/benchmarks.md (PARTS="runtime growth" for some)
	$(BIN)/python -m tests.bench $(PARTS)

templates: $(VENV)/ready-dev ## Write the element templates from the workers' contracts
	$(BIN)/python -m workers.studio.templates

pictures: $(VENV)/ready-dev ## Draw the diagrams into docs/pictures
	$(BIN)/python -m workers.studio.pictures

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

# Landcycle. Needs only Python >= 3.11 with venv, make and a shell; everything else is installed into .venv, with progress.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
BIN := .venv/bin

.PHONY: help setup setup-development run test lint bench bench-short reliability search lock openapi clean

help:  ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-20s %s\n", $$1, $$2}'

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Landcycle needs Python 3.11 or newer: install it and run make again."; exit 1; }
	@echo "creating .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Landcycle needs the venv module of $(PYTHON) (on Debian: apt install python3-venv)."; exit 1; }

build/runtime.installed: requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "installing pinned and hashed dependencies (once)"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar on -q --require-hashes -r requirements/runtime.txt
	@$(BIN)/pip install --disable-pip-version-check -q --no-deps --no-build-isolation --no-index -e .
	@mkdir -p build && touch $@

build/development.installed: requirements/development.txt build/runtime.installed
	@echo "installing what tests and checks need (once)"
	@$(BIN)/pip install --disable-pip-version-check --progress-bar on -q --require-hashes -r requirements/development.txt
	@touch $@

build/kafka.fetched: build/runtime.installed adapters/tables/kafka_jars.lock
	@echo "fetching Apache Kafka (46 MB, once; checked against recorded sums)"
	@if $(BIN)/python -m adapters.embedded_kafka; then touch $@; else echo "Kafka could not be fetched: the system runs without it, alerts are served over HTTP."; fi

setup: build/runtime.installed build/kafka.fetched  ## only the set-up; afterwards .venv/bin/landcycle exists

setup-development: setup build/development.installed  ## set-up with what tests and checks need

run: setup  ## start the whole system on http://127.0.0.1:8000 with sample parcels
	@exec $(BIN)/landcycle serve

test: setup-development  ## lint, types, layers, and the whole test suite on real PostgreSQL and Apache Kafka
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(PYTEST)

lint: build/development.installed  ## ruff, mypy --strict, import-linter
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup-development  ## every benchmark beside its named peer (about 20 minutes, 15 GB of disk); writes docs/performance.md
	@$(BIN)/python -m benchmarks.run $(PARTS)

bench-short: setup-development  ## the same with small sizes (2 minutes); writes build/bench-short.json alone
	@$(BIN)/python -m benchmarks.run --short $(PARTS)

reliability: setup-development  ## kill everything 210 times in 20 minutes, then prove that nothing is lost or doubled; writes docs/reliability.md
	@$(BIN)/python tests/reliability/full_run.py $(RUN)

search: setup-development  ## look for lives of parcels that break a law: new random ones, 20,000 against the second law (about 40 minutes)
	@LAW_EXAMPLES=5000 SECOND_LAW_LIVES=20000 $(BIN)/python -m pytest -n 2 --dist load --timeout 0 tests/domain/test_supervision_laws.py tests/domain/test_second_law.py $(PYTEST)

lock: build/development.installed  ## pin requirements/*.in anew, with hashes, without addresses
	@cd requirements && for f in runtime development tracing; do ../$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 --no-annotate --custom-compile-command "make lock" $$f.in -o $$f.txt; done

openapi: build/development.installed  ## write docs/openapi.json and docs/asyncapi.json anew
	@$(BIN)/python -m api.openapi > docs/openapi.json
	@$(BIN)/python -m api.asyncapi > docs/asyncapi.json

clean:  ## remove what was built and the data of `make run`
	rm -rf .venv build .landcycle *.egg-info

# Everything a machine with Python 3.11–3.13 and git needs: `make demo` or `make test`, in any order.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
PEER := .venv-peer
GROWTH := .venv-growth
UV := $(BIN)/uv --system-certs
PACKAGES := synkro_assets synkro_resources synkro_app
# The first of these that is a supported version; another one: make PYTHON=/path/to/python3.12 …
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& echo $$name && break; done)
TEST_PROCESSES ?= 3

.PHONY: help demo up dagster test coverage test-fast growth lint format bench bench-peer attacks faults lock clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | column -t -s '|'

demo: $(VENV)/base.stamp ## Start everything with an invented company (Ctrl-C stops; DEMO_EXIT=1 checks and exits)
	@$(BIN)/synkro demo

up: $(VENV)/base.stamp ## Start everything with the settings SYNKRO_* of the environment
	@$(BIN)/synkro up

dagster: $(VENV)/base.stamp ## Dagster with reload, for people who work on assets (works beside the demo's data)
	@$(BIN)/synkro dagster

test: $(VENV)/dev.stamp ## All tests
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup --durations 40 --durations-min 10

coverage: $(VENV)/dev.stamp ## All tests with the lines that none of them runs (half as long again)
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup --cov --cov-report=term:skip-covered

test-fast: $(VENV)/dev.stamp ## Pure tests: no services, no browser, seconds
	$(BIN)/python -m pytest -q -m "not service and not browser and not slow"

growth: $(GROWTH)/stamp ## Beyond one machine, for real: workers, two cells, a bucket (needs redis-server; docker-compose if there)
	$(GROWTH)/bin/python -m pytest -v bench/growth

lint: $(VENV)/dev.stamp ## Style, types and the dependency rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

format: $(VENV)/dev.stamp ## Format and sort imports
	$(BIN)/ruff check --fix-only -q .
	$(BIN)/ruff format .

SIZE ?= default

bench: $(VENV)/dev.stamp ## All benches, half an hour on an idle machine (SIZE=large: hours; one: python -m bench --only NAME)
	$(BIN)/python -m bench --size $(SIZE)

bench-peer: $(VENV)/dev.stamp $(PEER)/stamp ## Load the invented vendors next to a dlt pipeline, which gets an environment of its own
	$(BIN)/python -m bench.peer

attacks: $(VENV)/dev.stamp ## Try every attack and print the table: what was tried, what was seen, refused or not
	TEST_PROCESSES=$(TEST_PROCESSES) $(BIN)/python -m attacks $(ONLY)

faults: $(VENV)/dev.stamp ## Make every fault and tell what was seen, lost and recovered; parts: python -m faults --help
	$(BIN)/python -m faults

# No index address is written: whoever installs uses the index that is configured there. The base set is resolved
# within the dev set, so that both can follow each other in one environment.
COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

lock: $(BIN)/uv ## Resolve the dependencies anew and write the hash-pinned requirement files
	$(COMPILE) requirements/bootstrap.in -o requirements/bootstrap.txt
	$(COMPILE) pyproject.toml --extra otel --group dev -o requirements/dev.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/base.txt
	$(COMPILE) pyproject.toml --extra s3 -c requirements/base.txt -o requirements/s3.txt
	$(COMPILE) pyproject.toml --extra otel -c requirements/base.txt -c requirements/dev.txt -o requirements/otel.txt
	$(COMPILE) pyproject.toml --extra s3 --extra otel --group dev --group growth -c requirements/dev.txt -c requirements/s3.txt \
		-o requirements/growth.txt
	$(COMPILE) requirements/peer.in -o requirements/peer.txt

clean: ## Remove the environment, caches and all local data (the demo's and those of `synkro up`)
	@for pointer in .synkro/postgres/location .synkro/*/postgres/location; do \
		if [ -f "$$pointer" ]; then case "$$(cat "$$pointer")" in */synkro/database-*) rm -rf "$$(cat "$$pointer")";; esac; fi; \
	done
	rm -rf $(VENV) $(PEER) $(GROWTH) .synkro .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- environment ----

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Нужен Python 3.11, 3.12 или 3.13 с модулями venv и pip. Укажите его: make PYTHON=/путь/к/python3.12 …"; \
		echo "Python 3.11, 3.12 or 3.13 with venv and pip is needed. Name it: make PYTHON=/path/to/python3.12 …"; \
		exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo "$(PYTHON): нужен Python 3.11, 3.12 или 3.13. / Python 3.11, 3.12 or 3.13 is needed."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(BIN)/uv: requirements/bootstrap.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# Works in both sets: the build backend belongs to the dev set only.
$(BIN)/synkro: Makefile | $(BIN)/python
	@$(BIN)/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "synkro.pth").write_text(str(pathlib.Path.cwd()) + "\n")'
	@printf '%s\n' '#!/bin/sh' 'exec "$$(dirname "$$0")/python" -m synkro_app.cli "$$@"' > $@
	@chmod +x $@

# An index that only pip is configured for is not seen by uv: then pip installs the same files, only slower.
# Every run is a process of its own. Where it may not write bytecode (another account, PYTHONDONTWRITEBYTECODE), it would
# compile three thousand modules each time: compiled once, it starts in half the time.
define install
	@echo "Installing $(1) …"
	@$(UV) pip sync -q --python $(BIN)/python --compile-bytecode --require-hashes $(1) || { \
		echo "uv could not install, trying pip with the same file …"; \
		$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r $(1); }
	@$(BIN)/python -m compileall -q $(PACKAGES)
endef

# dev is a superset of base: it satisfies both, and base never removes what the tests need.
$(VENV)/dev.stamp: requirements/dev.txt requirements/base.txt $(BIN)/synkro | $(BIN)/uv
	$(call install,requirements/dev.txt)
	@touch $(VENV)/base.stamp $@

$(VENV)/base.stamp: requirements/base.txt $(BIN)/synkro | $(BIN)/uv
	$(call install,requirements/$(if $(wildcard $(VENV)/dev.stamp),dev,base).txt)
	@touch $(if $(wildcard $(VENV)/dev.stamp),$(VENV)/dev.stamp) $@

define own_environment
	$(BIN)/python -m venv --clear $(1)
	@echo "Installing $(2) …"
	@$(UV) pip sync -q --python $(1)/bin/python --require-hashes $(2) || { \
		echo "uv could not install, trying pip with the same file …"; \
		$(1)/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r $(2); }
	@touch $(1)/stamp
endef

# What the product is measured against, or tested beside, never enters the product's own environment.
$(PEER)/stamp: requirements/peer.txt | $(BIN)/uv
	$(call own_environment,$(PEER),$<)

$(GROWTH)/stamp: requirements/growth.txt | $(BIN)/uv
	$(call own_environment,$(GROWTH),$<)
	@$(GROWTH)/bin/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "synkro.pth").write_text(str(pathlib.Path.cwd()) + "\n")'

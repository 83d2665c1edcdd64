# Each target installs what it needs (from package registries) and says what it does.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export VIDEOSTREAM_CACHE ?= $(HOME)/.cache/videostream
export UV_PYTHON_DOWNLOADS := never
UV_VERSION := 0.13.8
UV := $(VIDEOSTREAM_CACHE)/uv-$(UV_VERSION)/bin/uv
RUN := $(UV) run --locked --quiet
PYTEST := $(RUN) pytest

.PHONY: help
help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: demo
demo: ## From nothing to points in InfluxDB: cluster, images, chart, camera, VideoStream
	python3 -m demo

.PHONY: test
test: check sim test-services e2e ## Everything: check, then the real API server, Kafka, InfluxDB and kind

.PHONY: check
check: $(UV) ## Format, lint, types, imports, unit and property tests (about a minute)
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(PYTEST) -n auto --maxprocesses=4 tests/unit tests/property

.PHONY: fix
fix: $(UV) ## Format and apply the safe fixes of the linter
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

.PHONY: sim
sim: $(UV) ## Laws of scaling by lag in simulation
	$(PYTEST) tests/sim

.PHONY: sim-table
sim-table: $(UV) ## Compare scaling by lag with other autoscalers in simulation
	$(RUN) python -m tests.sim

.PHONY: sim-plot
sim-plot: $(UV) ## Draw docs/img/scaling.svg
	$(RUN) --with matplotlib python -m tests.sim plot

.PHONY: test-services
test-services: $(UV) ## Tests on real video, API server, Kafka, InfluxDB, Helm and camera; no cluster
	$(PYTEST) tests -m "source or api or kafka or influx or chart or camera"

.PHONY: e2e
e2e: $(UV) ## Tests on the kind cluster: the whole way of a frame, failures included
	$(PYTEST) tests/e2e --timeout=900

.PHONY: bench
bench: $(UV) ## Measure speed: ratios against a baseline of the same run
	$(RUN) python -m tests.bench

.PHONY: up
up: ## Start the kind cluster (builds what can't be pulled; seconds when cached)
	python3 -m cluster up

.PHONY: images
images: ## Build our images and load them, Kafka and InfluxDB into the cluster
	python3 -m cluster images

.PHONY: down
down: ## Remove all that `up` made
	python3 -m cluster down

.PHONY: sync-chart
sync-chart: ## Copy crds/ and grafana/ into the chart (a test demands equality)
	python3 -m charts.sync

.PHONY: metrics-doc
metrics-doc: $(UV) ## Write docs/metrics.md from the code (a test demands equality)
	$(RUN) python -m docs.metrics_reference

$(UV):
	@echo "installing uv $(UV_VERSION) into $(VIDEOSTREAM_CACHE)"
	@mkdir -p $(VIDEOSTREAM_CACHE)
	@python3 -c 'import ensurepip' 2>/dev/null || { echo "installing python3-venv"; apt-get update -qq && apt-get install -y -qq python3-venv; }
	@python3 -m venv $(VIDEOSTREAM_CACHE)/uv-$(UV_VERSION)
	@$(VIDEOSTREAM_CACHE)/uv-$(UV_VERSION)/bin/pip install --quiet uv==$(UV_VERSION)

# flask-redis-api: every task a developer or CI needs, each in one command.
# `make help` lists the targets from their own comments.
SHELL := /bin/sh
PYTHON ?= $(shell command -v python3.11 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PEERS := $(VENV)-bench
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help run bench profile soak image test e2e lint format lock picture cost keyspace clean

help: ## list these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | sort | awk -F'|' '{sub(/^ */, "", $$1); printf "  make %-8s %s\n", $$1, $$2}'

run: $(VENV)/.run ## serve on 127.0.0.1:5000 with a Redis of its own under ./data
	$(BIN)/flask-redis-api run $(ARGS)

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' app/__init__.py)
REVISION = $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || echo unknown)
IMAGE ?= flask-redis-api:$(VERSION)
SOURCE ?=

image: ## build the image IMAGE, by default flask-redis-api with the version as tag
	docker build -f docker/Dockerfile -t $(IMAGE) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION=$(REVISION) --build-arg SOURCE=$(SOURCE) .

test: $(VENV)/.dev ## unit, HTTP and chart rendering tests, on real Redis servers
	$(BIN)/pytest --ignore=tests/compose --ignore=tests/cluster $(ARGS)

e2e: $(VENV)/.dev ## tests on a real Docker engine and a real cluster (KUBECONFIG, LOAD_IMAGE)
	$(BIN)/pytest -s tests/compose tests/cluster $(ARGS)

bench: $(VENV)/.run $(PEERS)/.installed ## measure us beside our peers into docs/performance.md (wrk; 15 min)
	$(BIN)/python bench/throughput.py --ours $(BIN) --peers $(PEERS)/bin $(ARGS)

profile: $(VENV)/.run ## sample where a request's time goes into docs/profile.md (wrk)
	$(BIN)/python bench/hotspots.py --ours $(BIN) $(ARGS)

soak: $(VENV)/.run ## load it for 5 minutes while Redis restarts; no answer may be wrong
	$(BIN)/python bench/soak.py --ours $(BIN) $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy, helm lint, hadolint, shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	helm lint --strict chart
	hadolint docker/Dockerfile
	$(BIN)/shellcheck .ci/run

format: $(VENV)/.dev ## let ruff format and mend the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

COMPILE = uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"

lock: $(VENV)/.dev ## write the four lock files anew from pyproject.toml
	$(BIN)/$(COMPILE) -o docker/requirements.txt
	$(BIN)/$(COMPILE) --group embedded -c docker/requirements.txt -o docker/requirements-embedded.txt
	$(BIN)/$(COMPILE) --group dev -c docker/requirements.txt -o docker/requirements-dev.txt
	$(BIN)/$(COMPILE) --group bench -c docker/requirements.txt -o bench/requirements.txt

picture: $(VENV)/.dev ## draw docs/metrics.svg from the metrics of a real run
	$(BIN)/python -m monitoring.picture

cost: $(VENV)/.dev ## measure what metrics and access log cost in requests/s (needs wrk)
	$(BIN)/python -m bench.observation

keyspace: $(VENV)/.dev ## measure lists and deletions among a million keys (needs redis-cli)
	$(BIN)/python -m bench.keyspace $(ARGS)

clean: ## take the virtual environment and the caches away (./data stays)
	rm -rf $(VENV) $(PEERS) .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis .coverage

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

PIP = $(BIN)/pip install --quiet --disable-pip-version-check
INSTALL = $(PIP) --require-hashes --only-binary :all:
INSTALL_APP = $(PIP) --no-deps --no-build-isolation --editable .

$(VENV)/.run: $(BIN)/python docker/requirements-embedded.txt pyproject.toml
	@echo "Installing what it needs into $(VENV), once"
	$(INSTALL) -r docker/requirements-embedded.txt
	$(INSTALL_APP)
	@touch $@
$(VENV)/.dev: $(BIN)/python docker/requirements-dev.txt pyproject.toml
	@echo "Installing what the tests need into $(VENV), once (half a minute)"
	$(INSTALL) -r docker/requirements-dev.txt
	$(INSTALL_APP)
	@touch $@ $(VENV)/.run
$(PEERS)/.installed: bench/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(subst $(BIN),$(PEERS)/bin,$(INSTALL)) -r bench/requirements.txt
	@touch $@

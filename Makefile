# Each line below explains itself in `make help`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
TORCH := 2.13.0
PROCESSES ?= 2
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.DEFAULT_GOAL := help
.PHONY: help install run test check bench bench-peers clean

help: ## This list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /	/' | expand -t 12

install: $(STAMP) ## A virtual environment in .venv with the pinned dependencies.

# torch goes in first and as its CPU build: without the pin several GB of CUDA come in. Where the default index has no
# CPU build, PyTorch's own is asked.
$(STAMP): pyproject.toml requirements.txt
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "InsightRepo needs Python 3.11 or newer, this is " + sys.version'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q "torch==$(TORCH)+cpu" || $(BIN)/pip install -q "torch==$(TORCH)" --index-url $(TORCH_INDEX)
	$(BIN)/pip install -q -c requirements.txt -e ".[dev]"
	touch $(STAMP)

run: $(STAMP) ## Set up the demo workspace if there is none, and serve it on http://127.0.0.1:5000.
	$(BIN)/insightrepo demo
	$(BIN)/insightrepo serve

test: $(STAMP) ## The whole suite in two processes; browser tests where Chromium is found, PostgreSQL where its binaries are.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile

check: $(STAMP) ## Lint, format and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## Measure 10k and 100k pieces of evidence, and the peers beside them; BENCH_LARGE=1: and 1M.
	$(BIN)/python bench/run.py $(BENCH_ARGS)

bench-peers: ## The peers of the bench, in an environment of their own in bench/.venv.
	test -x bench/.venv/bin/python || $(PYTHON) -m venv bench/.venv
	bench/.venv/bin/pip install -q "torch==$(TORCH)+cpu" || \
		bench/.venv/bin/pip install -q "torch==$(TORCH)" --index-url $(TORCH_INDEX)
	bench/.venv/bin/pip install -q -r bench/requirements.txt

clean: ## Remove the virtual environment (the workspace in ./instance stays).
	rm -rf $(VENV)

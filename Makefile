# Two commands do all the set-up: `make demo` and `make test`. Each makes what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint tools conformance lock bench fuzz docs clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/.ready: .requirements/dev.lock pyproject.toml
	@echo "==> making $(VENV): locked and hashed dependencies"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "python 3.11 or newer is needed (PYTHON=… names another)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python's venv module is missing (on Debian: apt-get install python3-venv)"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/.compiled: $(BIN)/.ready scanner/keyproof/leaks/delta.py
	@$(BIN)/python scanner/build_delta.py
	@touch $@

demo: $(BIN)/.compiled ## Build a sample organisation and run the whole flow on it
	@echo "==> keyproof demo (exit code 1 is right: there are findings)"
	@$(BIN)/keyproof demo --folder demo; code=$$?; if [ $$code -eq 1 ]; then exit 0; fi; exit $$code

tools: $(BIN)/.ready ## Install what tests want: opa, regal, PostgreSQL, Chromium, Express Gateway, pre-commit
	@$(BIN)/python tests/tools.py

lint: $(BIN)/.ready ## Types, style, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

test: $(BIN)/.compiled tools lint ## Everything that must hold
	@echo "==> tests"
	@$(BIN)/python -m pytest -n auto

bench: $(BIN)/.compiled ## First figures against peers and floors (see benchmarks/README.md)
	@$(BIN)/python benchmarks/run.py

conformance: $(BIN)/.ready tools ## Compare both policy engines on many generated records, byte for byte
	@CONFORMANCE_TIMES=$${CONFORMANCE_TIMES:-20} $(BIN)/python -m pytest -q -s tests/contract/test_engines.py

fuzz: $(BIN)/.ready ## Give decoders and readers damaged input, SECONDS each (60), with atheris
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .requirements/fuzz.lock
	@mkdir -p .cache/fuzz
	@$(BIN)/python tests/fuzz/run.py every .cache/fuzz -max_total_time=$(or $(SECONDS),60) -print_final_stats=1

lock: ## Lock the dependencies again (needs uv)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --all-extras --group dev pyproject.toml .requirements/build.in -o .requirements/dev.lock

clean: ## Remove what was made
	@rm -rf $(VENV) .tools .cache demo dist .mypy_cache .ruff_cache .pytest_cache .hypothesis scanner/keyproof/leaks/*.so

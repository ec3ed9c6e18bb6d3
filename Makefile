# Two commands do everything: `make run` and `make test`. `make bench` and `make soak` hold what takes longer.
HOST ?= 127.0.0.1
PORT ?= 8000
WORKSPACE ?= var
BIN := .venv/bin
SHALGAI := $(BIN)/shalgai

.PHONY: run test lint bench soak
.DEFAULT_GOAL := run

run:
	@scripts/set-up run
	@$(SHALGAI) analyse --scenario okrug-centres --workspace $(WORKSPACE)
	@$(SHALGAI) analyse --workspace $(WORKSPACE)
	@$(SHALGAI) rank --top 20 --workspace $(WORKSPACE)
	@$(SHALGAI) serve --host $(HOST) --port $(PORT) --workspace $(WORKSPACE)

test: lint
	@scripts/set-up browser
	$(BIN)/pytest -n auto --dist loadfile -m "not bench and not soak"

lint:
	@scripts/set-up dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench:
	@scripts/set-up dev
	$(BIN)/pytest tests/benchmarks -m bench --benchmark-enable

soak:
	@scripts/set-up dev
	$(BIN)/pytest -m soak

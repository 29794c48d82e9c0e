# Two targets for everyone:
#
#   make demo    build slides with invented patients, look, anonymize in place, check
#   make test    style, types, import borders, manifest, then all tests
#
# Both need python3 (3.11 or newer) and make, nothing else: they create .venv and install
# Blankslide into it, which takes a minute once and nothing after that. What needs root or
# the network and may not have it is left out with a reason.

PYTHON ?= python3
export PYTHON
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help demo test trust docs lint format bench screenshots generated wheel-check release coverage clean

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

demo:
	@bash scripts/setup-venv readers
	@$(BIN)/blankslide demo

test:
	@bash scripts/setup-venv dev
	@bash scripts/system-libs --test --gui --browser
	@bash scripts/check

# Every known way of making a format forgetful, and every hostile slide, against the second account; power failures,
# kills and errors against the journal; one table closes it (docs/trust.md). Some hours on two cores: for the night.
# `scripts/trust crash` runs one section alone.
trust:
	@bash scripts/setup-venv dev
	@$(BIN)/python scripts/trust

# The documentation as a site, in build/site; `make docs serve=1` shows it at http://127.0.0.1:8000.
docs:
	@bash scripts/setup-venv dev
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs $(if $(serve),serve,build --strict)
	@echo "build/site/index.html"

lint:
	@bash scripts/setup-venv dev
	@bash scripts/check --no-tests

format:
	@bash scripts/setup-venv dev
	@$(BIN)/ruff check --quiet --fix . || true
	@$(BIN)/ruff format .

bench:
	@bash scripts/setup-venv dev
	@$(BIN)/python benchmarks/cost.py
	@xvfb-run -a -s "-screen 0 1400x1000x24" $(BIN)/python benchmarks/napari_first_frame.py

screenshots:
	@bash scripts/setup-venv dev
	@bash scripts/system-libs --gui --browser
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash scripts/screenshots docs/images

# What follows from the registry of formats and from the schema of --json: run it after either was changed.
generated:
	@bash scripts/setup-venv dev
	@$(BIN)/python scripts/manifest
	@$(BIN)/python scripts/format-pages
	@$(BIN)/python scripts/profile-page
	@$(BIN)/python scripts/api-page
	@$(BIN)/python scripts/schema-page
	@$(BIN)/python scripts/readme-formats

# Branch coverage, by the rooms of the source, with the least that each must reach. Takes two to three times as long as
# the tests; `make coverage tests="tests/storage tests/containers"` measures what these alone see.
coverage:
	@bash scripts/setup-venv dev
	@$(BIN)/python scripts/coverage $(tests)

# Wheel, sdist, list of parts, digests and signature, in dist: docs/release.md. `key=` names the SSH key that signs.
release:
	@bash scripts/setup-venv dev
	@$(BIN)/python scripts/release $(if $(key),--key $(key))

# The wheel in clean environments of every Python that is on this machine, and with napari in one of them.
wheel-check:
	@bash scripts/setup-venv dev
	@bash scripts/system-libs --gui
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash scripts/wheel-check

clean:
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# make demo   a simulated day, scored, with a report
# make test   lint, format, types and the fast tests
# Needs Python 3.11 or newer and make; everything else goes into .venv from the lock files.

PYTHON ?= python3
VENV ?= .venv
export PYTHON VENV

BASE := $(VENV)/.installed-base
SERVICE := $(VENV)/.installed-service
DEV := $(VENV)/.installed-dev

.PHONY: help demo service test test-all test-slow check fix bench docs lock clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

# A stamp newer than the lock says that this lock is installed.
$(BASE): requirements.lock pyproject.toml
	@if [ -f $(DEV) ]; then scripts/install requirements-dev.lock $(BASE); \
	else scripts/install requirements.lock $(BASE); fi

$(DEV): requirements-dev.lock pyproject.toml
	@scripts/install requirements-dev.lock $(DEV)
	@touch $(BASE) $(SERVICE)

$(SERVICE): requirements-service.lock pyproject.toml
	@scripts/install requirements-service.lock $(SERVICE)
	@touch $(BASE)

service: $(SERVICE)  ## install what the live service and training need

demo: $(BASE)  ## simulate a day, score it, write the report
	@scripts/demo

test: $(DEV)  ## lint, format, types and the fast tests
	@scripts/check
	@scripts/test

test-slow: $(DEV)  ## the slow, browser and bench tests
	@scripts/test --slow

test-all: test test-slow  ## both

check: $(DEV)  ## lint, format and types
	@scripts/check

fix: $(DEV)  ## mend what ruff can mend
	@scripts/check --fix

bench: $(DEV)  ## measure speed, memory and accuracy; writes bench/results
	@scripts/bench

docs: $(DEV)  ## write docs/reference from the registries
	@scripts/docs

lock: $(DEV)  ## write the lock files from pyproject.toml
	@scripts/lock

clean:  ## remove what the commands above made, the environment too
	rm -rf $(VENV) build dist demo out *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

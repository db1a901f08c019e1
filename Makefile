PYTHON ?= $(shell command -v python3.11 || command -v python3)
PIP := -m pip install --quiet --disable-pip-version-check
VENV := .venv
PORTAL_VENV := .venv-portal
BIN := $(VENV)/bin
PROFILE ?=
PORT ?= 8501

.PHONY: help run portal test test-slow lint screenshots benchmark locks clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: $(VENV)/.installed  ## Install, serve the portal, and run the whole study beside it
	@$(BIN)/python -m portal --port $(PORT) & portal=$$!; trap 'kill $$portal 2>/dev/null' EXIT INT TERM; \
	$(BIN)/python -m pipeline run-all $(if $(PROFILE),--profile $(PROFILE)) && wait $$portal

portal: $(PORTAL_VENV)/.installed  ## Serve the portal alone (no torch) on the committed study
	$(PORTAL_VENV)/bin/python -m portal --port $(PORT)

# The pipeline's tests start processes and wait for them; beside the others they use cores that would stand idle.
test: $(VENV)/.installed-dev lint  ## Run the checks and all fast tests, the pipeline's in a process of their own
	@mkdir -p build && echo "tests/pipeline: output follows at the end, and in build/tests-pipeline.log"
	@$(BIN)/python -m pytest tests/pipeline > build/tests-pipeline.log 2>&1 & pipeline=$$!; \
	$(BIN)/python -m pytest --ignore tests/pipeline; rest=$$?; \
	wait $$pipeline; status=$$?; cat build/tests-pipeline.log; [ $$rest = 0 ] && exit $$status || exit $$rest

test-slow: $(VENV)/.installed-dev  ## Run the slow tests too (kills, loads, whole profiles)
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/.installed-dev  ## Style, types, import arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

screenshots: $(VENV)/.installed-dev  ## Every page in light, dark and phone width, into screenshots/
	$(BIN)/python -m tests.e2e.screenshots

benchmark: $(VENV)/.installed-dev  ## Speed, side by side in one run
	$(BIN)/python -m benchmarks

locks: $(VENV)/.installed-dev  ## Renew the hash-checked locks after a change of requirements
	$(call lock,portal/requirements)
	$(call lock,requirements)

clean:  ## Remove environments and unfinished runs
	rm -rf $(VENV) $(PORTAL_VENV) runs screenshots

define make_venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: run 'make PYTHON=python3.12', or whichever you have."; exit 2; }
@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python's venv is missing: run 'apt-get install python3-venv' as root, then make again."; exit 2; }
@echo "Creating $(1) with $$($(PYTHON) --version) (10 seconds)"
@$(PYTHON) -m venv $(1)
endef

# For every system and Python from 3.11 on; what is locked stays, unless the requirements ask for another.
define lock
$(BIN)/uv pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make locks" $(1).txt --output-file $(1).lock
endef

$(VENV)/.installed: requirements.txt pipeline/requirements.txt portal/requirements.txt
	$(call make_venv,$(VENV))
	@echo "Installing the portal into $(VENV) (0.7 GB on disk, about 1 minute)"
	@$(BIN)/python $(PIP) -r portal/requirements.txt
	@echo "Installing PyTorch and what else trains into $(VENV) (5 GB more on Linux, 1 elsewhere; 2 to 10 minutes)"
	@$(BIN)/python $(PIP) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt requirements-cluster.txt
	@echo "Installing the test tools into $(VENV) (0.5 GB, about 1 minute)"
	@$(BIN)/python $(PIP) -r requirements-cluster.txt -r requirements-dev.txt
	@touch $@

$(PORTAL_VENV)/.installed: portal/requirements.txt
	$(call make_venv,$(PORTAL_VENV))
	@echo "Installing the portal into $(PORTAL_VENV) (0.7 GB on disk, about 1 minute)"
	@$(PORTAL_VENV)/bin/python $(PIP) -r portal/requirements.txt
	@touch $@

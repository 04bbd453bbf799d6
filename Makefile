# Two commands for a newcomer: `make demo` and `make test`.
# Settings: PYTHON, PORT, SERVE=0, TORCH_INDEX (an index that holds the CPU build of torch), WORKERS (of the tests).
PYTHON ?= $(firstword $(foreach v,3.11 3.12 3.13,$(shell command -v python$(v) 2>/dev/null)) python3)
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
SERVE ?= 1
WORKERS ?= 2
TORCH_INDEX ?=
export PYTHONPATH := $(CURDIR):$(CURDIR)/platform

RUNTIME := $(VENV)/.runtime-$(shell cat requirements.txt | cksum | cut -d' ' -f1)
DEVELOPMENT := $(VENV)/.development-$(shell cat requirements.txt requirements-dev.txt | cksum | cut -d' ' -f1)
BENCHMARK := $(VENV)/.benchmark-$(shell cat requirements-bench.txt | cksum | cut -d' ' -f1)

.DEFAULT_GOAL := help
.PHONY: help install install-dev demo test lint format types bench load serve worker messages clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Heatproof needs Python 3.11, 3.12 or 3.13; $(PYTHON) is another. Name one with PYTHON=." >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "This Python cannot make a virtual environment; on Debian and Ubuntu install python3-venv." >&2; exit 2; }

# torch goes in first and by its exact version: a looser request would bring gigabytes of CUDA packages.
$(RUNTIME): | $(VENV)/bin/python
	$(BIN)/pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) "$$(grep '^torch==' requirements.txt)"
	$(BIN)/pip install --quiet -r requirements.txt
	@$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' \
	  | while read -r folder; do printf '%s\n' "$(CURDIR)" "$(CURDIR)/platform" > "$$folder/heatproof.pth"; done
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $@

$(BENCHMARK): $(DEVELOPMENT)
	$(BIN)/pip install --quiet --no-deps -r requirements-bench.txt
	@touch $@

install: $(RUNTIME) ## Make the environment in .venv
install-dev: $(DEVELOPMENT) ## ...and what the tests and checks need

demo: install ## Build the demo and serve it (SERVE=0: build only; PORT=)
	@$(BIN)/python manage.py demo --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

serve: install ## Serve what is in var/: the site and one worker
	@$(BIN)/python manage.py serve --port $(PORT)

worker: install ## Run one more worker
	@$(BIN)/celery --app portal.config.celery worker --loglevel INFO --concurrency 1

test: install-dev ## Run all tests; closing lines say what could not run
	@sh tests/prepare.sh
	@OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist loadgroup $(TESTS)

lint: install-dev ## Style, templates, the floors of the house, migrations
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/djhtml -t 2 --check templates
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python manage.py makemigrations --check --dry-run

format: install-dev ## Put style right
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .
	@$(BIN)/djhtml -t 2 templates

types: install-dev ## Check the types
	@$(BIN)/mypy

bench: $(BENCHMARK) ## Measure: each figure a ratio within one run (ONLY=text, WRITE=file)
	@$(BIN)/python -m tests.bench $(if $(ONLY),--only "$(ONLY)") $(if $(WRITE),--write "$(WRITE)")

load: install-dev ## 300 readers at once; needs PostgreSQL (LOAD_DATABASE_URL; OPTIONS="--readers 40 --no-ramp")
	@$(BIN)/python -m tests.load $(OPTIONS)

messages: ## Compile the translations (needs gettext)
	@for po in studies/locale/*/LC_MESSAGES/django.po; do msgfmt --check -o "$${po%.po}.mo" "$$po"; done

clean: ## Remove the environment and all that was built
	rm -rf $(VENV) var

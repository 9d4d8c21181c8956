# make run     starts Chorus and prints its address (PORT=9000 for another port)
# make test    everything that is checked: lint, node --test, pytest
# make soak    the random tests in full: make soak SEED=1 ROUNDS=1000
# make bench   the measurements of docs/performance.md: make bench ONLY="fanout memory"
# make lint    ruff, mypy, prettier, tsc
# make format  ruff and prettier, in place
# make docs    docs/api.md from the declarations of the routes
# Each makes its own .venv and installs what it needs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: run test page-test soak bench lint format docs browser-tools webkit-tools

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install
# What an installation prints goes to a file, and is shown only where it fails.
QUIETLY := .ci/quietly
ONLY ?= all
# Half of the time is waiting: two test files at once take little more than half as long as one after the other. They
# begin in the order of the folders, which has no long file at its end.
SIDE_BY_SIDE ?= 2
PYTEST := $(BIN)/python -m pytest -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder
PRETTIER := npx --no-install prettier
PAGE_FILES := 'static/js/**/*.js' 'static/css/**/*.css' 'tests/js/**/*.{js,mjs}'
# The tests start hundreds of Pythons: what one has compiled, the next ones read, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

run: .venv/.run
	@exec $(BIN)/python -m launcher $(if $(PORT),--port $(PORT))

test: .venv/.dev node_modules/.installed browser-tools webkit-tools
	@$(MAKE) --no-print-directory --jobs=2 lint page-test
	CHORUS_SQLITE=system $(PYTEST) tests/core tests/webapp/test_http.py tests/faults/test_faults.py tests/faults/test_disk.py
	$(PYTEST)

page-test: node_modules/.installed
	node --test $$(find tests/js -name '*.test.js' -o -name '*.test.mjs')

soak: .venv/.dev node_modules/.installed
	$(BIN)/python -m pytest -m soak $(if $(SEED),--seed $(SEED)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench: .venv/.bench node_modules/.installed browser-tools
	@.ci/need cc:gcc make:make /usr/lib/nginx/modules/ngx_nchan_module.so:libnginx-mod-nchan
	@$(QUIETLY) .venv/peers.log "Installing the peers of the measurements…" npm ci --prefix bench/peers/node
	$(BIN)/python -m bench.run $(ONLY)

docs: .venv/.dev
	$(BIN)/python -m webapp.apidoc > docs/api.md.new && mv docs/api.md.new docs/api.md

lint: .venv/.dev node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PRETTIER) --check --log-level warn $(PAGE_FILES)
	npx --no-install tsc -p .

format: .venv/.dev node_modules/.installed
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .
	$(PRETTIER) --write --log-level warn $(PAGE_FILES)

browser-tools:
	@.ci/need chromium:chromium chromedriver:chromium-driver nginx:nginx

webkit-tools:
	@.ci/need Xvfb:xvfb xdotool:xdotool WebKitWebDriver:webkit2gtk-driver /usr/lib/python3/dist-packages/gi:python3-gi \
		'/usr/lib/*/girepository-1.0/WebKit2-4.1.typelib:gir1.2-webkit2-4.1'

# Stamps: an installation is repeated when its list has changed.
.venv/bin/python:
	@PYTHON="$(PYTHON)" .ci/need venv
	@$(QUIETLY) .venv/venv.log "Making .venv, a Python environment for Chorus alone…" $(PYTHON) -m venv .venv

.venv/.run: requirements.txt | .venv/bin/python
	@$(QUIETLY) .venv/run.log "Installing Chorus' packages into .venv (about a minute, once)…" $(PIP) -r requirements.txt
	@touch $@

.venv/.dev: requirements.txt requirements-dev.txt | .venv/bin/python
	@$(QUIETLY) .venv/dev.log "Installing what the tests need into .venv (about two minutes, once)…" \
		$(PIP) -r requirements-dev.txt
	@touch $@ .venv/.run

.venv/.bench: .venv/.dev bench/requirements-bench.txt
	@$(QUIETLY) .venv/bench.log "Installing what the measurements need into .venv…" $(PIP) -r bench/requirements-bench.txt
	@touch $@

# Not `npm ci`: it refuses a lock without the optional packages for other systems, which not every registry carries.
node_modules/.installed: package.json package-lock.json
	@.ci/need node:nodejs npm:npm
	@$(QUIETLY) node_modules/.install.log "Installing the page's tools into node_modules (about a minute, once)…" \
		npm install --no-save
	@touch $@

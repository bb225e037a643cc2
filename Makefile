# Everything that is needed beyond Python 3.11 and a Debian-like system is installed by `setup`.
SHELL := bash
PYTHON ?= python3
BIN := .venv/bin
RECORDER := ingest_api/recorder
# Folders too, as a deleted file makes its folder newer.
RECORDER_SOURCES := $(shell find $(RECORDER)/src) $(addprefix $(RECORDER)/, \
	build.mjs bundle.mjs package-lock.json)
DASHBOARD := query_api/dashboard
DASHBOARD_SOURCES := $(shell find $(DASHBOARD)/src) $(addprefix $(DASHBOARD)/, \
	index.html vite.config.ts vite.offline.config.ts package-lock.json)
NODE_PACKAGES := deploy/geo/package-lock.json tests/s3/package-lock.json \
	$(RECORDER)/package-lock.json $(DASHBOARD)/package-lock.json
COUNTRIES := lake/ingest/countries.mmdb
WHEEL := dist/replaylake-$(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)-py3-none-any.whl
BENCHMARKS := ingest noisy compaction cost freshness listing player retention recorder accuracy
SOAK := --seconds 120
FUZZ := -max_total_time=120
.PHONY: setup docs wheel lock demo test test-all numbers mutants lint fix soak fuzz bench year screenshots recorder-patches test-fast
.DELETE_ON_ERROR:

setup: .venv/ready $(RECORDER)/dist/r.js $(DASHBOARD)/dist/index.html $(COUNTRIES)

.venv/ready: requirements.lock pyproject.toml deploy/setup.sh $(NODE_PACKAGES)
	bash deploy/setup.sh "$(PYTHON)"

# The country of each address, CC0.
$(COUNTRIES): deploy/geo/package-lock.json | .venv/ready
	cp deploy/geo/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb $@

# The bundle that `GET /r.js` serves, by the node of .venv.
$(RECORDER)/dist/r.js: $(RECORDER_SOURCES) | .venv/ready
	cd $(RECORDER) && PATH="$(CURDIR)/$(BIN):$$PATH" node build.mjs

# What the query API serves at `/`.
$(DASHBOARD)/dist/index.html: $(DASHBOARD_SOURCES) | .venv/ready
	cd $(DASHBOARD) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build

# The documentation site, in ./site; a broken link fails. Its theme would print advertisements.
docs: export NO_MKDOCS_2_WARNING = 1
docs: setup
	$(BIN)/python -m mkdocs build --quiet --strict

# With the built recorder and dashboard, and the countries. setuptools puts whatever is in `build`
# into a wheel, also what an earlier version left there.
wheel: setup
	rm -rf build
	$(BIN)/uv build --quiet --wheel --out-dir dist
	rm -rf build
	@echo $(WHEEL)

# After a dependency in pyproject.toml changed. Add UPGRADE="--upgrade" for newer versions of all.
lock: setup
	$(BIN)/uv pip compile --quiet --no-header --generate-hashes --python-version 3.11 \
		--all-extras --group dev --group docs $(UPGRADE) pyproject.toml -o requirements.lock

demo: setup
	$(BIN)/replaylake demo

# Four at once on two cores, as browsers and servers are waited for much of the time; so none needs
# threads for one small table. The files come in the order of `tests/conftest.py`.
IN_ORDER := --dist loadfile --no-loadscope-reorder
PYTEST_PARALLEL := $(BIN)/pytest -q -n 4 $(IN_ORDER)
ON_S3 := --s3 tests/ingest_api tests/query_api tests/lake tests/test_end_to_end.py
test test-fast test-all: export POLARS_MAX_THREADS = 1
test test-fast test-all: export RAYON_NUM_THREADS = 1
test test-fast test-all: export TOKIO_WORKER_THREADS = 1
# Empty: compiled tests may be kept, so that the second run begins earlier.
test test-fast test-all: export PYTHONDONTWRITEBYTECODE =
test: setup
	$(PYTEST_PARALLEL)

# What a change breaks first: no browser, server, Dagster or S3. It waits for nothing: a worker a core.
test-fast: setup
	$(BIN)/pytest -q -n 2 $(IN_ORDER) -m fast

# With the tests that take minutes, and everything on S3 that can be.
test-all: test
	$(PYTEST_PARALLEL) $(ON_S3) -m "not long"
	$(BIN)/pytest -q -n 2 --dist loadfile -m long

bench: setup
	for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || exit 1; done

# A year of operation at small scale: nothing may grow for ever.
year: setup
	$(BIN)/python -m benchmarks.year

# Bytes that each size patch of rrweb saves: fails if one saves too little to be kept.
recorder-patches: setup
	cd $(RECORDER) && PATH="$(CURDIR)/$(BIN):$$PATH" node measure_patches.mjs

# Every page of the dashboard as a picture, in ./screenshots; a few of them for docs/screenshots.
screenshots: setup
	$(BIN)/python -m deploy.screenshots

# Which fault and which attack has a test, and did it pass?
numbers: setup
	$(BIN)/python -m pytest -q -n 3 --dist loadfile -p tests.numbers.plugin -m "fault or attack"

# Breaks the code on purpose, in a copy of it: the tests must notice.
mutants: setup
	$(BIN)/python -m tests.mutants

# Kills every process again and again, then looks for every chunk, and for what should be gone; the
# long form is SOAK="--kills 1000".
soak: setup
	$(BIN)/python -m tests.soak $(SOAK)

# Searches for a chunk that costs too much. Atheris has no wheels for some Pythons, so that it is
# installed for this alone; the long form is FUZZ="-max_total_time=3600".
fuzz: setup
	$(BIN)/uv pip install --quiet --target .fuzz/packages atheris
	PYTHONPATH=.fuzz/packages:. $(BIN)/python -m tests.hostile.fuzz .fuzz/corpus $(FUZZ)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	for folder in $(RECORDER) $(DASHBOARD); do \
		(cd $$folder && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check) || exit 1; done

fix: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	for folder in $(RECORDER) $(DASHBOARD); do \
		(cd $$folder && PATH="$(CURDIR)/$(BIN):$$PATH" npx biome check --write .) || exit 1; done

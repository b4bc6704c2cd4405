# One command each. A virtual environment in .venv and a Pulumi engine in .cache are made when they are missing.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo compiled test test-versions test-all test-exhaustive check check-vendor audit live outputs previews mutants bench reliability reliability-100 soak soak-engine states clean docs dist pictures previews

demo: $(READY)  ## a real `pulumi up` against a local TI-ONE, from nothing to nothing
	$(BIN)/python tools/demo/run.py

test: compiled  ## all tests that a change should pass, in minutes
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python -m pytest -n 4 --dist worksteal -m "not long and not exhaustive" --cov --cov-report= $(PYTEST)
	$(BIN)/python tools/coverage/compare.py

test-all: compiled  ## the long tests, which `make test` leaves out
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python -m pytest -n 2 -m long

test-exhaustive: compiled  ## every cell, order and lag that `make test-all` has a sample of; takes an hour
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python -m pytest -n 2 -m exhaustive

check: $(READY)  ## format, lint, types, import order, generated files, documentation, words, secrets
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/outputs/generate.py --check
	$(BIN)/python tools/errors/generate.py --check
	$(BIN)/python tools/reference/generate.py --check
	$(BIN)/python tools/docs/build.py
	$(BIN)/python tools/vocabulary/scan.py
	$(BIN)/python tools/secrets/scan.py

check-vendor: $(READY)  ## whether the vendor's newest definition matches ours
	$(BIN)/python tools/definition/distil.py --check

audit: $(READY)  ## whether a dependency has a known vulnerability; needs the internet
	$(BIN)/python tools/audit/run.py

live: $(READY)  ## one life of the cheapest task on the real service: TIONE_LIVE=1, keys, and some minutes' money
	$(BIN)/python tools/live/run.py

mutants: $(READY)  ## mutation tests of what costs money when it is wrong: make mutants MODULE=lifecycle/stop; AGAIN=1: only what survived; hours for all
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint tools/constraints.txt --editable '.[mutants]'
	$(BIN)/python tools/mutants/run.py $(if $(AGAIN),--again) $(MODULE)

bench: compiled  ## what this package costs, as ratios within one run: docs/performance.md; make bench LARGE=1; make bench ONLY="up-200 refresh"
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python tools/bench/run.py $(if $(LARGE),--large) $(if $(ONLY),--only $(ONLY))
	$(BIN)/python tests/emulator/bench_throughput.py

reliability: compiled  ## every cell of the fault matrix, and its page: docs/reliability.md
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python -m pytest -n 2 tests/reliability/test_fault_matrix.py
	$(BIN)/python tools/reliability/table.py

reliability-100: $(READY)  ## each replacement a hundred times, where CI does ten
	REPLACEMENTS=100 $(BIN)/python -m pytest -n 2 -m long tests/reliability/test_replace.py

soak: $(READY)  ## random histories of a stack: make soak HISTORIES=2000; make soak SEED=7 repeats one, step by step
	$(BIN)/python tools/reliability/soak/run.py $(if $(SEED),--seed $(SEED) --histories 1 --verbose,--histories $(or $(HISTORIES),200))

soak-engine: $(READY)  ## random histories with the real engine: make soak-engine HISTORIES=50
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	HISTORIES=$(HISTORIES) SEED=$(SEED) $(BIN)/python -m pytest -n 2 -m long tests/reliability/test_soak_engine.py

test-versions: $(READY)  ## the oldest and the newest Pulumi and dependencies that setup.py allows, and every Python that it claims
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python tools/versions/run.py

states: $(READY)  ## record the states that a version writes: make states VERSION=0.1 COMMIT=fa74447
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python tools/compat/record.py $(VERSION) $(COMMIT)

outputs: $(READY)  ## write the generated files anew, after a change of args.py or _error_codes.py
	$(BIN)/python tools/outputs/generate.py
	$(BIN)/python tools/errors/generate.py
	$(BIN)/python tools/reference/generate.py

pictures: $(READY)  ## docs/images: what a terminal and a review show, from real runs; make pictures PICTURES="up status"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint tools/constraints.txt --editable '.[pictures]'
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python tools/pictures/draw.py $(PICTURES)

previews: $(READY)  ## docs/previews.md: what previews and reviews show, from real runs
	$(BIN)/python tools/pulumi/ensure.py >/dev/null
	$(BIN)/python tools/previews/generate.py

dist: $(READY)  ## build the sdist and the wheel in dist/, and try both in empty environments
	$(BIN)/python tools/release/build.py

docs: $(READY)  ## the documentation as a site, in .cache/docs/site; a warning is an error
	$(BIN)/python tools/docs/build.py

$(READY): setup.py tools/constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint tools/constraints.txt --editable '.[dev]'
	touch $@

# As pip does when it installs a package. Otherwise each of a thousand processes compiles it anew where Python may not
# write (PYTHONDONTWRITEBYTECODE).
compiled: $(READY)
	$(BIN)/python -m compileall -q pulumi_tione

clean:  ## everything that was built
	rm -rf .venv .cache .mypy_cache .ruff_cache .hypothesis

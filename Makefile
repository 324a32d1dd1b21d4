# `make` lists the targets. Every target sets up what it needs in .venv, from the hashed pins in requirements/:
# with uv where it is on the path (seconds), else with venv and pip (minutes).

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

UV := $(shell command -v uv 2>/dev/null)
PYTHON ?=
BIN := .venv/bin
STUDY ?= data/sample/study.toml

##@ Use

.PHONY: estimate
estimate: .venv/.run ## Estimate from the sample survey: prints the tables, leaves a report under out/
	@$(BIN)/fl-estimate run $(STUDY)

##@ Develop

.PHONY: test
test: .venv/.ready ## Run the tests, but for the slow ones
	@$(BIN)/pytest -n 2 -m "not slow" $(ARGS)

.PHONY: slow
slow: .venv/.ready ## Run the slow tests
	@$(BIN)/pytest -n 2 -m slow $(ARGS)

.PHONY: lowest
lowest: .venv-lowest/.ready ## Run the tests with the lowest versions of dependencies that pyproject.toml allows
	@OPENBLAS_NUM_THREADS=1 .venv-lowest/bin/pytest -n 2 -m "not slow" $(OLD_WARNINGS) $(ARGS)

# Old versions beside newer ones of what they stand on: what these say about each other is not ours.
OLD_WARNINGS = -W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning -W ignore::FutureWarning

.PHONY: installed
installed: .venv/.ready ## Install the wheel, the source distribution and a wheelhouse without a network; run the sample with each (minutes)
	@$(BIN)/python scripts/installed.py $(ARGS)

.PHONY: kernels
kernels: .venv/.ready ## Run the statistical tests under each kernel of the linear algebra that this processor has (minutes)
	@$(BIN)/python scripts/kernels.py $(ARGS)

.PHONY: full
full: .venv/.ready ## Run one after another all that `make test` leaves out, and say of each whether it ran (hours); ARGS="--only fuzz kills"
	@$(BIN)/python scripts/full.py $(ARGS)

.PHONY: coverage
coverage: .venv/.ready ## Run the tests and show the lines they did not reach
	@$(BIN)/pytest -n 2 -m "not slow" --cov --cov-report=term-missing $(ARGS)

.PHONY: check
check: lint types contracts generated docs published figures ## Run every check that is not a test

.PHONY: release-check
release-check: .venv/.ready ## May this checkout be tagged? Version, dates of the changelog, tags, a clean tree, and every check that is not a test
	@$(BIN)/python scripts/release_check.py
	@$(MAKE) --no-print-directory check

.PHONY: lint
lint: .venv/.ready ## Style, spelling and declared dependencies
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/codespell
	@$(BIN)/deptry .

.PHONY: types
types: .venv/.ready ## Types
	@$(BIN)/pyright

.PHONY: contracts
contracts: .venv/.ready ## Which part may import which
	@$(BIN)/lint-imports --no-logo

.PHONY: generated
generated: .venv/.ready ## Are README.md, tests/README.md, the inventory, the layers in ARCHITECTURE.md and the page of study entries up to date?
	@$(BIN)/python scripts/tests_readme.py --check
	@$(BIN)/python scripts/inventory.py --check
	@$(BIN)/python scripts/readme.py --check
	@$(BIN)/python scripts/study_entries.py --check

.PHONY: licences
licences: .venv/.ready ## Licences of pins and of every file of data, and what goes into the distributions (builds them)
	@$(BIN)/python scripts/licences.py

.PHONY: advisories
advisories: .venv/.ready ## Write out/sbom.cdx.json, and ask an index for known faults of the pins; says so where it cannot
	@$(BIN)/python scripts/advisories.py

.PHONY: format
format: .venv/.ready ## Put the code into the one format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

.PHONY: readme
readme: .venv/.ready ## Write into README.md what `make estimate` prints and draws
	@$(BIN)/python scripts/readme.py

.PHONY: tests-readme
tests-readme: .venv/.ready ## Write tests/README.md from the first line of each test file
	@$(BIN)/python scripts/tests_readme.py

.PHONY: inventory
inventory: .venv/.ready ## Write docs/reference/inventory.md from the first line of each module, and the layers in ARCHITECTURE.md
	@$(BIN)/python scripts/inventory.py

.PHONY: study-entries
study-entries: .venv/.ready ## Write docs/reference/study_entries.md from the signatures of methods
	@$(BIN)/python scripts/study_entries.py

.PHONY: docs
docs: .venv/.ready ## Build the site into docs/_build/html; a warning is an error, and no page may ask an outside host
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html --doctree-dir docs/_build/doctrees docs docs/_build/html
	@$(BIN)/python scripts/outside_hosts.py docs/_build/html
	@echo "docs/_build/html/index.html"

.PHONY: published
published: .venv/.ready ## Compute published figures again from their inputs; fails where one that should agree does not
	@$(BIN)/fl-estimate reproduce

.PHONY: recovery
recovery: .venv/.ready ## Sample the synthetic country again and again: do the intervals hold the truth? Writes the docs' tables (minutes)
	@$(BIN)/python scripts/recovery.py
	@$(BIN)/python scripts/recovery_districts.py
	@$(BIN)/python scripts/recovery_migrants.py

.PHONY: readings
readings: .venv/.ready ## What each reading of the definition moves on the sample: writes the docs' tables
	@$(BIN)/python scripts/readings.py

.PHONY: recovery-weights
recovery-weights: .venv/.ready ## Sample the country, weight in several ways: do calibrated intervals hold the truth? Writes the docs' table (minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/recovery_weights.py

.PHONY: coverage-lists
coverage-lists: .venv/.ready ## Simulate case lists of a known size: which intervals hold the truth? Writes the table of the docs (minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/coverage_lists.py

.PHONY: coverage-hidden
coverage-hidden: .venv/.ready ## Sample hidden populations of known size by every design: bias and coverage. Goes on where it was stopped; writes the docs' table (minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/coverage_hidden.py $(ARGS)

.PHONY: coverage-synthesis
coverage-synthesis: .venv/.ready ## Simulate stocks and regional totals of a known truth, and write the tables of the docs (a minute)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/coverage_synthesis.py

.PHONY: coverage-laboratory
coverage-laboratory: .venv/.ready ## Which interval of a prevalence covers where cases are clustered and rare: writes the docs' table, goes on where it was stopped (half an hour)
	@OPENBLAS_NUM_THREADS=1 nice -n 10 $(BIN)/python scripts/coverage_laboratory.py $(ARGS)

.PHONY: coverage-defaults
coverage-defaults: .venv/.ready ## Do the defaults of combine, and what plan_sample promises, hold? Writes the docs' table (ten minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/coverage_defaults.py

.PHONY: disclosure-price
disclosure-price: .venv/.ready ## Count what publication of the sample studies costs in cells, and write the table of the docs
	@$(BIN)/python scripts/disclosure_price.py

.PHONY: publication-treatments
publication-treatments: .venv/.ready ## Simulate three ways to print domains of 0 to 4 cases, and write the tables of the docs (some minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/publication_treatments.py

.PHONY: coverage-areas
coverage-areas: .venv/.ready ## Sample clustered populations by area: which area models hold the truth? Goes on where it was stopped; writes the docs' table (minutes)
	@OPENBLAS_NUM_THREADS=1 nice -n 10 $(BIN)/python scripts/coverage_areas.py $(ARGS)

.PHONY: coverage-imputation
coverage-imputation: .venv/.ready ## Impute samples whose complete answers are known: do the estimates find them? Goes on where it was stopped; writes the docs' table
	@OPENBLAS_NUM_THREADS=1 nice -n 10 $(BIN)/python scripts/coverage_imputation.py $(ARGS)

.PHONY: coverage-lists-grid
coverage-lists-grid: .venv/.ready ## What the defaults of case lists hold, over lists x share seen x dependence: goes on where it was stopped (an hour)
	@OPENBLAS_NUM_THREADS=1 nice -n 10 $(BIN)/python scripts/coverage_lists_grid.py $(ARGS)

.PHONY: coverage-linkage
coverage-linkage: .venv/.ready ## The same with errors of linkage, and people whom no list meets: writes the table of case_lists (some minutes)
	@OPENBLAS_NUM_THREADS=1 nice -n 10 $(BIN)/python scripts/coverage_linkage.py $(ARGS)

.PHONY: coverage-lists-bayesian
coverage-lists-bayesian: .venv/.ready ## The same for the Bayesian methods and the doubly robust estimate (minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/coverage_lists_bayesian.py

.PHONY: coverage-lists-covariates
coverage-lists-covariates: .venv/.ready ## The same for lists with covariates, by domain, and for counts of one register (minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/coverage_lists_covariates.py

.PHONY: benchmark-lists
benchmark-lists: .venv/.ready ## Time the choice of a model from case lists against R's packages
	@$(BIN)/python benchmarks/capture_recapture.py

.PHONY: bench-design
bench-design: .venv/.ready ## Time design-weighted estimates against numpy, and against svy with PEER=python-that-has-it
	@$(BIN)/python benchmarks/design_weighted.py --growth 100000 1000000 10000000 $(if $(PEER),--peer $(PEER))


.PHONY: bench-scale
bench-scale: .venv/.ready ## Time one study of a large file on several engines against reading it, ARGS="--rows 10000000 --engines polars duckdb"
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/scale.py $(ARGS)

.PHONY: bench-weights
bench-weights: .venv/.ready ## Time raking, calibrated means and medians by domain, and against svy with PEER=python-that-has-it
	@$(BIN)/python benchmarks/weights.py $(if $(PEER),--peer $(PEER))

.PHONY: bench-regression
bench-regression: .venv/.ready ## Time a logistic regression of a million rows against statsmodels, and svy and R with PEER= and R=
	@$(BIN)/python benchmarks/regression.py $(if $(PEER),--peer $(PEER)) $(if $(R),--r $(R))

.PHONY: bench-imputation
bench-imputation: .venv/.ready ## Time fl.impute of a hundred thousand and of a million rows against fl.classify of them, and its memory
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/imputation.py $(ARGS)

.PHONY: bench-rds
bench-rds: .venv/.ready ## Time the bootstraps of respondent-driven sampling, 1,000 replicates of 500 respondents, against the figures of R's package RDS
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/respondent_driven.py $(ARGS)


.PHONY: spark
spark: .venv/.ready ## Ask a local Spark, and Dask, all questions of tests/engines (minutes; needs Java 17; pyspark goes into out/)
	@$(BIN)/python scripts/spark.py $(ARGS)
.PHONY: bench-batch
bench-batch: .venv/.ready ## Run 40 synthetic countries x 3 rounds side by side, killed in the middle and taken up again: time, memory, same bytes (minutes)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/batch.py $(ARGS)
.PHONY: figures
figures: .venv/.ready ## Are the published figures of the sample studies those of tests/reference/sample_figures.csv, or named in CHANGELOG.md?
	@$(BIN)/python scripts/sample_figures.py --check

.PHONY: sample-figures
sample-figures: .venv/.ready ## Write tests/reference/sample_figures.csv anew; refused while CHANGELOG.md does not name what changed
	@$(BIN)/python scripts/sample_figures.py

.PHONY: clusters
clusters: .venv/.ready ## Run tasks on a Dask cluster and on Ray of this machine, and compare to the bit (distributed and ray go into out/)
	@$(BIN)/python scripts/clusters.py $(ARGS)

.PHONY: unrounded
unrounded: .venv/.ready ## Compare the unrounded estimates of the sample studies with those kept: make unrounded ARGS="keep FILE" first, "compare FILE" after
	@$(BIN)/python scripts/unrounded.py $(ARGS)

.PHONY: fuzz
fuzz: .venv/.ready ## Read thousands of damaged files of every format; prints how many inputs were tried (minutes)
	@$(BIN)/python scripts/fuzz.py $(ARGS)

.PHONY: injections
injections: .venv/.ready ## Hostile texts in a browser, a spreadsheet, a terminal, where they are there; says what was left out (a minute)
	@$(BIN)/pytest -n 0 -m "slow or not slow" -rs tests/injections $(ARGS)

.PHONY: kills
kills: .venv/.ready ## Kill 1,300 runs at random moments; prints what was left and what the next run made of it (minutes)
	@$(BIN)/python scripts/kills.py $(ARGS)

.PHONY: mutants
mutants: .venv/.ready ## Change the code of ROOM a little, 200 times: does a test notice? make mutants ROOM=study ARGS="--n 200 --seed 1"
	@test -n "$(ROOM)" || { echo "say which room: make mutants ROOM=study"; exit 2; }
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python scripts/mutants.py $(ROOM) $(ARGS)

.PHONY: recovery_models
recovery_models: .venv/.ready ## Poststratified models and pooled lists on replicated data. Writes the docs' tables (minutes)
	@$(BIN)/python scripts/recovery_models.py

.PHONY: sbc
sbc: .venv/.ready ## Calibrate every area model by simulation: are ranks even, and does a wrong model fail? Writes the docs' table (minutes)
	@$(BIN)/python scripts/sbc.py
	@$(BIN)/python scripts/sbc_models.py

.PHONY: lock
lock: ## Choose the newest versions again and write requirements/*.txt (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv on the path"; exit 1; }
	@$(LOCK) --upgrade --group dev --output-file requirements/dev.txt
	@$(LOCK) --upgrade --constraints requirements/dev.txt --output-file requirements/run.txt
	@$(LOCK) --upgrade --resolution lowest-direct --group test --output-file requirements/lowest.txt
	@if grep -n -i -E '://|index-url|find-links' requirements/*.txt; then echo "requirements/ names a host"; exit 1; fi

# Universal: one file for every system and Python; hashed: nothing else can be slipped in; run.txt is a part of dev.txt.
LOCK = uv pip compile pyproject.toml --quiet --universal --python-version 3.12 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

##@ Tidy up

.PHONY: clean
clean: ## Remove what builds and runs left; the environment stays
	@rm -rf out dist docs/_build docs/_generated docs/reference/generated docs/how_to/errors.md docs/reference/codebook.md docs/reference/names.md docs/reference/frameworks htmlcov .coverage .coverage.*
	@rm -rf .hypothesis .import_linter_cache .jupyter_cache .pytest_cache .ruff_cache
	@find src tests scripts docs notebooks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.PHONY: clean-all
clean-all: clean ## Remove the environments too
	@rm -rf .venv .venv-lowest

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

# .venv/.run holds what the library needs, .venv/.ready what tests, checks and docs need as well.

.venv/.run: requirements/run.txt pyproject.toml
	@UV="$(UV)" PYTHON="$(PYTHON)" sh scripts/find_python >/dev/null
	@echo "setting up .venv$(if $(UV), with uv,: without uv this takes some minutes)"
ifneq ($(UV),)
	@$(UV) venv --quiet --allow-existing --no-python-downloads --python "$$(UV=1 PYTHON="$(PYTHON)" sh scripts/find_python)" .venv
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/run.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
else
	@"$$(PYTHON="$(PYTHON)" sh scripts/find_python)" -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
endif
	@touch $@

.venv/.ready: requirements/dev.txt .venv/.run
	@echo "adding what tests, checks and docs need"
ifneq ($(UV),)
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.txt
endif
	@touch $@

.venv-lowest/.ready: requirements/lowest.txt pyproject.toml
	@command -v uv >/dev/null || { echo "make lowest needs uv on the path"; exit 1; }
	@uv venv --quiet --allow-existing --no-python-downloads --python "$$(UV=1 PYTHON="$(or $(PYTHON),python3.12 python3.13)" sh scripts/find_python)" .venv-lowest
	@uv pip sync --quiet --python .venv-lowest/bin/python --require-hashes requirements/lowest.txt
	@uv pip install --quiet --python .venv-lowest/bin/python --no-deps --editable .
	@touch $@

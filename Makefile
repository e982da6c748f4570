# Everything is installed below .venv/ from pdm.lock; removing that folder undoes it.

PYTHON ?= python3
# Processes that run tests, and seeds that are routed at the same time.
JOBS ?= 2

VENV := .venv
BIN := $(VENV)/bin
# Empty files that say a step is done, so that the next call is instant.
HAS_PDM := $(VENV)/.pdm
SYNCED := $(VENV)/.synced
# PDM has a venv of its own, so that what it needs never mixes with what Celosia needs. Telling it the
# project's venv through VIRTUAL_ENV keeps it from writing .pdm-python beside pyproject.toml.
PDM := VIRTUAL_ENV="$(CURDIR)/$(VENV)" PDM_IGNORE_SAVED_PYTHON=1 PDM_CHECK_UPDATE=0 \
	PDM_CACHE_DIR="$(CURDIR)/$(VENV)/cache" PDM_LOG_DIR="$(CURDIR)/$(VENV)/log" \
	"$(CURDIR)/$(VENV)/pdm/bin/pdm"

.PHONY: help demo test silicon figures venv train-deps lock clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo        set up, then let the gateware, simulated, write a story'
	@echo 'make test        set up, then run the tests (JOBS=$(JOBS) processes; ARGS="..." goes to pytest)'
	@echo 'make silicon     set up, then place and route for ECP5 (JOBS seeds at a time), a bitstream, counts of boards; hours'
	@echo 'make figures     set up, then run what the figures of README and docs come from, and put them there; hours'
	@echo 'make venv        set up only: $(BIN)/celosia and what it needs'
	@echo 'make train-deps  add PyTorch, to train the demo model again'
	@echo 'make lock        resolve pyproject.toml into pdm.lock again'
	@echo 'make clean       remove $(VENV) and the caches of the tests'
	@echo 'Set PYTHON to choose the interpreter (3.11 or newer): make demo PYTHON=python3.12'

demo: $(SYNCED)
	@$(BIN)/celosia generate $(ARGS)

# A fixed hash seed keeps the order of sets, and with it generated files and cache keys, the same in every
# process. The tests of a file stay in one process, which makes a simulation that they share once, not in each. A process
# that is ended, because a test waits for ever (pyproject.toml), is not started again: it would wait there once more.
test: $(SYNCED)
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder \
		--max-worker-restart 0 $(ARGS)

# Each ends with an error where a clock is missed.
silicon: $(SYNCED)
	$(BIN)/celosia build dot-engine --mhz 120 --seeds 3 --jobs $(JOBS)
	$(BIN)/celosia build vector-unit --seeds 3 --jobs $(JOBS)
	$(BIN)/celosia build accelerator --seeds 3 --jobs $(JOBS)
	$(BIN)/celosia build accelerator --device lfe5um5g-85f --mhz 125
	$(BIN)/celosia build ulx3s --seeds 3
	$(BIN)/celosia build ecpix5
	$(BIN)/celosia build orangecrab
	$(BIN)/celosia build arty_a7 --synth-only
	$(BIN)/celosia build pynq_z1 --synth-only

# What was run before, of the same source, is kept; so this can be interrupted.
figures: $(SYNCED)
	@$(BIN)/python -m host.pages.figures $(ARGS)

venv: $(SYNCED)

$(HAS_PDM): .ci/pdm.txt
	@command -v $(PYTHON) >/dev/null || { echo 'celosia: no $(PYTHON); set PYTHON' >&2; exit 1; }
	@$(PYTHON) .ci/check_python.py
	@echo 'Setting up $(VENV) ...'
	@$(PYTHON) -m venv $(VENV)
	@$(PYTHON) -m venv $(VENV)/pdm
	@$(VENV)/pdm/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir -r .ci/pdm.txt
	@touch $@

# Default and dev groups; .pdm-build is what installing Celosia itself leaves behind.
$(SYNCED): $(HAS_PDM) pyproject.toml pdm.lock
	@$(PDM) sync --quiet --group dev
	@rm -rf $(VENV)/cache .pdm-build
	@touch $@

# Through pip, not PDM: pip takes whichever build of this release it is pointed at, and one for the CPU
# alone is enough and several gigabytes smaller.
train-deps: $(SYNCED)
	$(BIN)/python -m pip install --disable-pip-version-check $$($(BIN)/python -c \
		'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["train"])')

lock: $(HAS_PDM)
	$(PDM) lock --group :all

clean:
	rm -rf $(VENV) .pytest_cache .hypothesis

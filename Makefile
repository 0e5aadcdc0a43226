# Every target sets up what it needs; any of them can be the first.
#
# PYTHON        the interpreter that makes the virtual environment (3.11 or later)
# AURICLE_CACHE where pretrained models and features are kept (default: the user's cache)

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test tests test-all bench check lint clean

demo: .venv/ok
	$(BIN)/auricle demo

# Style, types and layers beside all tests that need neither the package index nor minutes.
test: .venv/ok
	$(MAKE) --jobs 2 check tests

# In their order: by default the files with the fewest tests come last, which are long ones.
tests: .venv/ok
	$(BIN)/auricle models fetch minilm yamnet
	$(BIN)/python -m pytest -m "not slow and not network" -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

test-all: check
	$(BIN)/auricle models fetch minilm yamnet aisfx
	$(BIN)/python -m pytest

check: .venv/ok
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: .venv/ok
	$(BIN)/auricle models fetch minilm
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv demo build dist

# The stamp says that this environment holds exactly what pyproject.toml and constraints.txt ask for.
.venv/ok: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "auricle needs Python 3.11 or later; say which with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv --clear .venv || \
	  { echo "The virtual environment could not be made. On Debian: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt hatchling editables
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

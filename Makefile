# make demo     hear and see Mars without the rover, from the bundled sample
# make test     lint, types, tests
# make docs     the documentation, in docs/_build/html
# make quality  measure separation and events beside their peers, and renew tables and picture of docs/quality.md
# make test-oldest  the tests with the oldest libraries that are allowed
# make fuzz     fuzz what reads files of others, a minute each, and renew the table of docs/reliability.md
# make stress   kill, fill the disk and more, and renew the tables of docs/reliability.md (some hours)
# make speed    measure time and memory beside peers, and renew the tables of docs/performance.md (an idle machine)
# make clean    remove what these made
#
# Each sets up what it needs in .venv. Another Python: make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.PHONY: demo test test-oldest docs format notebooks sample quality speed fuzz stress clean

demo: $(VENV)/demo.installed
	$(BIN)/marsaudio analyze --output demo
	@echo "Open demo/report.html in a browser. To have the command at hand: . $(BIN)/activate"

test: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

# What old libraries warn of was mended in later ones. TESTS may name some of the tests.
TESTS ?= tests
test-oldest: $(VENV)-oldest/test.installed
	$(VENV)-oldest/bin/python -m pytest --numprocesses auto --dist worksteal --override-ini filterwarnings=default $(TESTS)

docs: $(VENV)/docs.installed
	$(BIN)/python -m sphinx --fail-on-warning --jobs auto --doctree-dir docs/_build/doctrees --builder html docs docs/_build/html
	$(BIN)/python docs/check_pages.py docs/_build/html

format: $(VENV)/test.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

notebooks: $(VENV)/test.installed
	$(BIN)/python examples/make_notebooks.py

sample: $(VENV)/demo.installed
	$(BIN)/marsaudio simulate --sample --output sample_data

quality: $(VENV)/compare.installed
	$(BIN)/python benchmarks/separation.py --report --output output/quality --docs docs
	$(BIN)/python benchmarks/events.py --report --output output/quality --docs docs

speed: $(VENV)/compare.installed
	$(BIN)/python benchmarks/speed.py --output output/speed --docs docs

fuzz: $(VENV)/fuzz.installed
	$(BIN)/python benchmarks/fuzz.py --output output/fuzz --docs docs

stress: $(VENV)/test.installed
	$(BIN)/python benchmarks/stress.py --times 200 --output output/stress --docs docs

clean:
	rm -rf $(VENV) $(VENV)-oldest demo dist output/quality output/speed output/fuzz output/stress docs/_build docs/gallery docs/tutorials docs/reference .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/demo.installed: pyproject.toml | $(VENV)
	$(INSTALL) .
	@touch $@

$(VENV)/test.installed: pyproject.toml | $(VENV)
	$(INSTALL) '.[test]'
	@touch $@

$(VENV)-oldest/test.installed: pyproject.toml tests/oldest_versions.py
	$(PYTHON) -m venv $(VENV)-oldest
	$(PYTHON) tests/oldest_versions.py > $(VENV)-oldest/constraints.txt
	$(VENV)-oldest/bin/python -m pip install --quiet --disable-pip-version-check --constraint $(VENV)-oldest/constraints.txt --editable '.[test]'
	@touch $@

$(VENV)/fuzz.installed: pyproject.toml | $(VENV)
	$(INSTALL) '.[fuzz]'
	@touch $@

$(VENV)/docs.installed: pyproject.toml | $(VENV)
	$(INSTALL) '.[docs]'
	@touch $@

$(VENV)/compare.installed: pyproject.toml | $(VENV)
	$(INSTALL) '.[compare]'
	@touch $@

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "marsaudio needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

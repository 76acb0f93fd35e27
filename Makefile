# Each target makes the virtual environment that it needs, under .venv/, and makes it
# anew only when its requirements change. Needed: make and Python 3.11 or later.
#
#   make test PYTHON=python3.13 PYTEST_ARGS="-x tests/core"

PYTHON ?= python3
# The tests run in several processes: one BLAS thread each, or they wait for one another.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
# Each process has tests that stand together: what a module fits, it fits once.
PYTEST_ARGS ?= -q -n auto --dist worksteal
# An x86 processor whose kernels of OpenBLAS are to be used: they round in other ways.
KERNEL ?= Nehalem

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo examples examples-torch test test-min test-bare test-torch \
    test-kernels coverage mutants package lint format bench bench-torch paper doc clean

# One environment for each purpose and Python version: .venv/3.13-test
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 11) else "")')
ENV = .venv/$(VERSION)-
STAMP = /.installed
# Python of an environment. Numba keeps there what it compiles, which takes minutes: beside
# the package, versions of Numba would replace one another's.
python = NUMBA_CACHE_DIR=$(CURDIR)/$(ENV)$(1)/numba $(ENV)$(1)/bin/python

REQUIRES_core  := -e .
# Frames of Arrow types, Parquet, Dask and the samplers of imbalanced-learn are tested with
# the newest versions alone.
REQUIRES_test  := -e ".[dask,imblearn,parquet,test]"
REQUIRES_min   := -e ".[test]" -c constraints/minimum.txt
REQUIRES_bare  := -e . pytest pytest-xdist hypothesis
# A build of PyTorch for CPUs suffices, where pip is told of one.
REQUIRES_torch := -e ".[test,torch]" -c constraints/torch.txt
REQUIRES_lint  := -e ".[lint]"
REQUIRES_doc   := -e ".[doc]"
REQUIRES_package := -e ".[lint]" "build>=1.2" "twine>=6.1"

help:
	@echo "make demo       forget rows, values, labels and a column; compare with refits"
	@echo "make examples   run the scripts in examples/"
	@echo "make examples-torch    those in examples/torch/, with PyTorch and skorch"
	@echo "make test       tests and doctests, newest versions of the dependencies"
	@echo "make test-min   the same with the oldest versions (constraints/minimum.txt)"
	@echo "make test-bare  the same without the optional packages"
	@echo "make test-torch tests of nets of PyTorch modules"
	@echo "make test-kernels      the same with kernels of an older processor, two threads"
	@echo "make coverage   tests with the lines and branches that none of them reaches"
	@echo "make mutants    whether tests see the faults of tests/mutants.toml; MUTANTS=\"core/\""
	@echo "make package    build what is released, install it elsewhere, use it there"
	@echo "make lint       ruff, mypy, import-linter"
	@echo "make format     let ruff format the code and mend what it can"
	@echo "make bench      the benchmark tables (minutes); BENCH_ARGS=\"fit --quick\""
	@echo "make bench-torch       those of nets of PyTorch modules; BENCH_ARGS likewise"
	@echo "make paper      the paper's study (a quarter of an hour); PAPER_ARGS=\"--quick\""
	@echo "make doc        build the documentation, run its examples"
	@echo "make clean      remove environments, caches and builds"
	@echo "PYTHON=... chooses the interpreter, PYTEST_ARGS=... the arguments of pytest."

demo: $(ENV)core$(STAMP)
	@$(ENV)core/bin/python -m sklearn_unlearn demo

examples: $(ENV)test$(STAMP)
	@set -e; for script in examples/*.py; do \
	    echo "== $$script"; $(call python,test) $$script; done

examples-torch: $(ENV)torch$(STAMP)
	@set -e; for script in examples/torch/*.py; do \
	    echo "== $$script"; $(ENV)torch/bin/python $$script; done

test: $(ENV)test$(STAMP)
	@$(ONE_THREAD) $(call python,test) -m pytest $(PYTEST_ARGS)

test-min: $(ENV)min$(STAMP)
	@$(ONE_THREAD) $(call python,min) -m pytest $(PYTEST_ARGS)

test-bare: $(ENV)bare$(STAMP)
	@$(ONE_THREAD) $(call python,bare) -m pytest $(PYTEST_ARGS)

test-torch: $(ENV)torch$(STAMP)
	@$(ONE_THREAD) $(call python,torch) -m pytest $(PYTEST_ARGS) \
	    sklearn_unlearn/neural_network tests/neural_network doc/guide/modules.rst \
	    tests/core/test_perceptron.py tests/core/test_levenberg_marquardt.py \
	    tests/test_examples_torch.py tests/test_benchmarks_networks.py \
	    tests/test_public_names.py

test-kernels: $(ENV)test$(STAMP)
	@OPENBLAS_CORETYPE=$(KERNEL) OPENBLAS_NUM_THREADS=2 OMP_NUM_THREADS=2 \
	    $(call python,test) -m pytest $(PYTEST_ARGS)

coverage: $(ENV)test$(STAMP)
	@$(ONE_THREAD) $(call python,test) -m pytest $(PYTEST_ARGS) --cov

mutants: $(ENV)test$(STAMP)
	@$(ONE_THREAD) $(call python,test) -m tests.mutants $(MUTANTS)

package: $(ENV)package$(STAMP)
	@$(ENV)package/bin/python -m tests.package

lint: $(ENV)lint$(STAMP)
	@$(ENV)lint/bin/ruff check
	@$(ENV)lint/bin/ruff format --check
	@$(ENV)lint/bin/mypy
	@$(ENV)lint/bin/lint-imports --no-logo

format: $(ENV)lint$(STAMP)
	@$(ENV)lint/bin/ruff check --fix
	@$(ENV)lint/bin/ruff format

bench: $(ENV)test$(STAMP)
	@$(call python,test) -m benchmarks $(BENCH_ARGS)

bench-torch: $(ENV)torch$(STAMP)
	@$(ENV)torch/bin/python -m benchmarks.networks $(BENCH_ARGS)

paper: $(ENV)test$(STAMP)
	@$(call python,test) -m benchmarks.paper $(PAPER_ARGS)

doc: $(ENV)doc$(STAMP)
	@$(ENV)doc/bin/sphinx-build --quiet -W --keep-going -b html doc doc/_build/html
	@$(ENV)doc/bin/python -m pytest -q doc README.md
	@echo "doc/_build/html/index.html"

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf .coverage build dist *.egg-info doc/_build doc/gallery doc/generated
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(ENV)%$(STAMP): pyproject.toml $(wildcard constraints/*.txt)
	@test -n "$(VERSION)" || { echo "$(PYTHON) is not Python 3.11 or later; choose one with PYTHON=..." >&2; exit 1; }
	@echo "Setting up $(@D) (a minute, once)"
	@$(PYTHON) -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check $(REQUIRES_$*)
	@touch $@

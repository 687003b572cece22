# Every target sets up what it needs under target/; outside the tree are only the servers that tests
# export to, in ${XDG_CACHE_HOME:-~/.cache}/libtracer/backends (LIBTRACER_BACKENDS_CACHE moves them).
# `make help` lists them; CONTRIBUTING.md says which to run when.

SHELL := /bin/sh
.DEFAULT_GOAL := help
ROOT := $(CURDIR)
export CARGO_TARGET_DIR := $(or $(CARGO_TARGET_DIR),$(ROOT)/target)
TARGET := $(CARGO_TARGET_DIR)
VENV := $(TARGET)/venv
# The whole tree builds against one Python: changing it would rebuild the extension each time.
export PYO3_PYTHON := $(VENV)/bin/python
export PATH := $(VENV)/bin:$(PATH)
export LIBTRACER_LIB := $(TARGET)/lib
# What is off unless asked for, and is to be tested.
FEATURES := libtracer/tracing
export LIBTRACER_FEATURES := $(FEATURES)
# Where `make install` puts things; tools/install.sh has the defaults.
export PREFIX DESTDIR LIBDIR INCLUDEDIR MANDIR DOCDIR
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -q

.PHONY: help setup demo build install uninstall install-test python test check ci lint fmt fmt-check drift abi-check abi-accept notices header unit stub \
	c-test py-test dev-test mixed-test conformance beyond backends examples-test bench miri loom fuzz deep size wheel sdist clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## a virtual environment with the pinned test tools, in target/venv

$(VENV)/.ready: tests/requirements.txt
	@tools/need.sh cargo cc c++ binutils python venv
	@test -x $(VENV)/bin/python || $$(tools/need.sh print-python) -m venv $(VENV)
	@$(PIP) install -r tests/requirements.txt
	@touch $@

build: ## the libraries: target/lib/libtracer.so.1, target/lib/libtracer.a
	@tools/need.sh cargo cc binutils
	cargo build --release --locked -p libtracer-ffi
	ffi/link.sh $(LIBTRACER_LIB)
	ffi/archive.sh $(LIBTRACER_LIB)

# Builds only what was never built: as root there may be no cargo.
install: ## what `make build` built, for C and C++: PREFIX=/usr/local DESTDIR= LIBDIR= INCLUDEDIR=
	@test -f $(LIBTRACER_LIB)/libtracer.a || $(MAKE) build
	@tools/install.sh install

uninstall: ## remove what `make install` put there, with the same variables
	@tools/install.sh uninstall

install-test: build ## outside programs against the installed library
	tools/install_test.sh

python: setup ## build the wheel and install it into target/venv
	$(PIP) install --no-deps --no-build-isolation --force-reinstall $(ROOT)

wheel: setup ## the wheel: target/wheels/
	$(PIP) wheel --no-deps -w $(TARGET)/wheels $(ROOT)

sdist: setup ## the source package: target/wheels/
	@mkdir -p $(TARGET)/wheels
	$(VENV)/bin/python -c 'import build_backend; print(build_backend.build_sdist("$(TARGET)/wheels"))'

demo: python ## one trace across Python, C++, C and Rust, printed
	@$(MAKE) -s -C examples/search run PYTHON=$(VENV)/bin/python OUT=$(TARGET)/search QUERIES="$(QUERIES)"

test: setup ## everything that runs without a network service (includes check)
	@tools/test.sh test

check: setup ## format, lint, drift and unit tests
	@tools/test.sh check

ci: test beyond ## test, then beyond

beyond: setup ## sanitizers, other Pythons, Miri, loom
	@tools/test.sh beyond

deep: build ## what takes long: TSan, Valgrind, Miri, loom, fuzzing, a soak, the peers' suites
	@tools/test.sh deep

lint: setup ## clippy, ruff, mypy
	cargo clippy --workspace --all-targets --locked --features $(FEATURES) -- -D warnings
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

fmt: setup ## format all sources
	cargo fmt --all
	$(VENV)/bin/ruff format .

fmt-check: setup
	cargo fmt --all --check
	$(VENV)/bin/ruff format --check .

drift: setup ## what is written twice agrees: header, symbols, versions, snippets, sizes, arrows
	$(VENV)/bin/python tools/drift.py

abi-check: setup ## the C ABI against what ffi/abi/ stores of it (docs/abi.md)
	tools/abi_check.sh

abi-accept: ## store additions to the C ABI; FORCE=yes: changes too, before a release only
	$(or $(wildcard $(VENV)/bin/python),python3) tools/abi.py accept $(if $(FORCE),FORCE)

notices: ## write THIRD-PARTY-NOTICES.txt anew, after a change of dependencies
	$(or $(wildcard $(VENV)/bin/python),python3) tools/notices.py

header: ## write include/tracer.h anew, and the pages made from it
	cargo run -q --locked -p libtracer-header -- include/tracer.h
	python3 tools/reference.py

unit: ## Rust unit, integration and documentation tests
	cargo test --locked -q --no-fail-fast --workspace --exclude libtracer-python --features $(FEATURES)

c-test: build ## C and C++ tests against libtracer.so.1 (SANITIZE=1: under ASan and UBSan)
	tools/c_test.sh

stub: python ## the stub says what the extension has
	cd $(TARGET) && $(VENV)/bin/python -m mypy.stubtest libtracer._native

py-test: python ## Python tests against the installed wheel
	-@PYTHONPATH=tests $(VENV)/bin/python -m receivers --kind collector --install
	$(VENV)/bin/python -m pytest

dev-test: python ## the Python tests in CPython's development mode, with its checking allocator
	PYTHONMALLOC=debug $(VENV)/bin/python -X dev -m pytest -n 2 tests/python

mixed-test: python ## one trace across languages: the search program's tests
	$(VENV)/bin/python -m pytest tests/mixed

conformance: setup ## a line for each row of the specification that is tested
	$(VENV)/bin/python tools/conformance.py

peers: wheel ## opentelemetry-python's own tests, with our provider in its SDK's place (SUITES="sdk flask")
	$(VENV)/bin/python tools/peers/run.py --wheel "$$(ls -t $(TARGET)/wheels/libtracer-*.whl | head -n 1)" $(PEERS) $(SUITES)

backends: build python ## export to real servers, as tests/receivers says
	@tools/test.sh backends

examples-test: build python ## the examples run as their text says
	tools/examples.sh

bench: build python wheel ## measure against the peers: bench/report.md
	bench/run.sh

loom: ## the chunk list and the worker's wake in every order of threads
	tools/loom.sh

miri: ## the recorder under Miri (needs the nightly toolchain)
	tools/miri.sh

fuzz: ## fuzz each parser for FUZZ_SECONDS (60), one after the other (needs the nightly toolchain)
	tools/fuzz.sh

size: build wheel ## bytes of what is shipped
	@ls -l $(LIBTRACER_LIB)/libtracer.so.1 $(TARGET)/wheels/*.whl

clean: ## remove what was built
	rm -rf $(TARGET) python/libtracer/include python/libtracer/*.so python/libtracer/*.so.1

#!/bin/sh
# The main job, without a server: one trace across Python, C++ and Rust, and the account of it.
# With OTEL_EXPORTER_OTLP_ENDPOINT set the spans are exported there too.
set -eu
cd "$(dirname "$0")/.."
tools/need.sh cargo cc c++ binutils python venv
make -s python
exec make -s -C examples/search run \
    PYTHON="${CARGO_TARGET_DIR:-$PWD/target}/venv/bin/python" OUT="${CARGO_TARGET_DIR:-$PWD/target}/search"

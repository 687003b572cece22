#!/bin/sh
# Exports to a real OTLP receiver: tools/backend_test.sh collector|ddapm. Status 77: it is not to be had.
set -eu
cd "$(dirname "$0")/.."
LIBTRACER_RECEIVER=$1
LIBTRACER_LIB=${LIBTRACER_LIB:-$PWD/target/lib}
export LIBTRACER_RECEIVER LIBTRACER_LIB
python=${CARGO_TARGET_DIR:-target}/venv/bin/python
PYTHONPATH=tests "$python" -m receivers --kind "$1" --install
"$python" -m pytest -q tests/backends

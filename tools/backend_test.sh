#!/bin/sh
# Exports to a real server and reads it back: tools/backend_test.sh
# collector|ddapm|jaeger|zipkin|prometheus|prometheus-otlp.
# Status 77: it is not to be had here; with LIBTRACER_REQUIRE_BACKENDS=1 that is an error.
set -eu
cd "$(dirname "$0")/.."
LIBTRACER_LIB=${LIBTRACER_LIB:-$PWD/target/lib}
export LIBTRACER_LIB
python=${CARGO_TARGET_DIR:-target}/venv/bin/python
status=0
PYTHONPATH=tests nice "$python" -m receivers --kind "$1" --install || status=$?
if [ $status = 77 ] && [ "${LIBTRACER_REQUIRE_BACKENDS:-}" = 1 ]; then
    echo "LIBTRACER_REQUIRE_BACKENDS=1: the server must be there" >&2
    exit 1
fi
[ $status = 0 ] || exit $status
case $1 in
collector) tests='export collector signals emit metrics_collector' ;;
ddapm) tests=export ;;
prometheus-otlp) tests=metrics_otlp ;;
*) tests=$1 ;;
esac
# Before the tests, whose time is limited; as tests/backends/sender.py does.
cargo build -q --locked --workspace --exclude libtracer-python \
    --features "${LIBTRACER_FEATURES:-}" --examples
files=''
for each in $tests; do files="$files tests/backends/test_$each.py"; done
# shellcheck disable=SC2086 # a list
LIBTRACER_RECEIVER=$1 "$python" -m pytest -q $files

#!/bin/sh
# Builds the benchmark programs and runs them: called by `make bench`, which has built the library
# and installed the wheel.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
lib=${LIBTRACER_LIB:-$target/lib}
cargo build -q --release --locked -p libtracer-bench
mkdir -p "$target/bench"
link="-L$lib -ltracer -Wl,-rpath,$lib"
# shellcheck disable=SC2086 # words
${CC:-cc} -O2 -Iinclude bench/c/hot.c -o "$target/bench/hot" $link
# shellcheck disable=SC2086
${CXX:-c++} -std=c++14 -O2 -Iinclude bench/c/hot.cpp -o "$target/bench/hot-cpp" $link
# opentelemetry-cpp is in no package registry: it is measured where pkg-config knows it.
peer=${OPENTELEMETRY_CPP:-}
if [ -n "$peer" ]; then
    export PKG_CONFIG_LIBDIR="$peer/lib/pkgconfig:$peer/lib64/pkgconfig" # there or nowhere
fi
rm -f "$target/bench/otel-cpp"
if pkg-config --exists opentelemetry_trace 2>/dev/null; then
    flags="$(pkg-config --cflags --libs opentelemetry_trace) -pthread"
    flags="$flags -Wl,-rpath,$(pkg-config --variable=libdir opentelemetry_trace)"
    # shellcheck disable=SC2086
    ${CXX:-c++} -std=c++17 -O2 bench/c/otel.cpp -o "$target/bench/otel-cpp" $flags
elif [ -n "$peer" ]; then
    echo "pkg-config finds no opentelemetry_trace in OPENTELEMETRY_CPP=$peer" >&2
    exit 2
fi
# A peer that is not installed is named in the report.
venv=$target/venv-bench
if ! cmp -s bench/requirements.txt "$venv/installed.txt"; then
    rm -rf "$venv"
    "$target/venv/bin/python" -m venv "$venv"
    if "$venv/bin/python" -m pip -q --disable-pip-version-check install -r bench/requirements.txt; then
        cp bench/requirements.txt "$venv/installed.txt"
    else
        rm -rf "$venv"
    fi
fi
exec "${PYTHON:-$target/venv/bin/python}" bench/run.py

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
# A peer that cannot be installed is named in the report.
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

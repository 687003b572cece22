#!/bin/sh
# C -> Rust (opentelemetry API) -> C: builds tests/nested with the C ABI into one static library, links
# the C program with it, and runs it.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --locked -p libtracer-nested
mkdir -p "$target/tests"
libraries='-lpthread'
[ "$(uname)" = Darwin ] || libraries="$libraries -ldl -lm"
# shellcheck disable=SC2086 # the libraries are words
${CC:-cc} -std=c99 -g -O1 -Iinclude -Itests/c -Wall -Wextra -Wpedantic -Wconversion -Werror \
    -o "$target/tests/nested" tests/nested/nested.c tests/c/otlp.c "$target/debug/libnested.a" $libraries
"$target/tests/nested"

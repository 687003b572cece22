#!/bin/sh
# Builds and runs examples/hello.* and serve.c as their first lines say; each must print its trace.
set -u
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
library=${LIBTRACER_LIB:-$target/lib}
out=$target/examples
link="-Iinclude -L$library -Wl,-rpath,$library -ltracer"
passed=0 failed=0
mkdir -p "$out"

shows() { # what, words that must be printed, command...
    name=$1 words=$2
    shift 2
    printed=$("$@" 2>&1)
    status=$?
    for word in $words; do
        case $printed in
        *"$word"*) ;;
        *) status=1 && echo "$name did not print '$word'" ;;
        esac
    done
    echo "$printed"
    if [ "$status" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

export OTEL_TRACES_EXPORTER=console
# shellcheck disable=SC2086 # flags are words
${CC:-cc} -std=c99 -Wall -Wextra -Werror examples/hello.c $link -o "$out/hello-c" &&
    shows hello.c 'request load_model' "$out/hello-c" || failed=$((failed + 1))
# shellcheck disable=SC2086
${CC:-cc} -std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror examples/serve.c $link -lpthread -o "$out/serve-c" &&
    shows serve.c '[server] url.path=/cart store disk trace_id=4bf92f3577b34da6a3ce929d0e0e4736' "$out/serve-c" ||
    failed=$((failed + 1))
# shellcheck disable=SC2086
${CXX:-c++} -std=c++14 -Wall -Wextra -Werror examples/hello.cpp $link -o "$out/hello-cpp" &&
    shows hello.cpp 'request load_model' "$out/hello-cpp" || failed=$((failed + 1))
# shellcheck disable=SC2086
${CXX:-c++} -std=c++14 -Wall -Wextra -Wconversion -Werror examples/own.cpp $link -o "$out/own-cpp" &&
    shows own.cpp 'pay card=(redacted) items=[1,2]' "$out/own-cpp" || failed=$((failed + 1))
shows hello.rs 'request' cargo run -q --locked -p libtracer --example hello
shows signals.rs 'payment declined shop.orders' cargo run -q --locked -p libtracer --example signals console
shows web.rs 'GET /orders/{id} price lookup' cargo run -q --locked -p libtracer --example web
shows hello.py 'ada' "$target/venv/bin/python" examples/hello.py
shows sdk.py 'order payment' "$target/venv/bin/python" examples/sdk.py

echo "examples: $passed passed, $failed failed"
[ "$failed" = 0 ]

#!/bin/sh
# Records for SOAK_SECONDS (60): memory stays within its bound, and the account is exact at the end.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
library=${LIBTRACER_LIB:-$target/lib}
mkdir -p "$target/tests"
cc -std=c99 -g -O1 -Wall -Wextra -Werror -Iinclude -Itests/c -o "$target/tests/soak" tests/soak/soak.c \
    tests/c/sink.c tests/c/otlp.c -L"$library" -Wl,-rpath,"$library" -ltracer -lpthread
"$target/tests/soak" "${SOAK_SECONDS:-60}"

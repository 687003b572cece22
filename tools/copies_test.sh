#!/bin/sh
# Several copies of the library in one process (tests/copies): one linked statically, one as a Rust
# crate, one put into a wheel by auditwheel, beside that of the installed package.
# Status 77: not on this platform.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
if [ "$(uname)" != Linux ]; then
    echo "copies find each other by ELF notes: Linux only" >&2
    exit 77
fi
export LIBTRACER_LIB="${LIBTRACER_LIB:-$target/lib}"
export LIBTRACER_PIECES="$target/tests/copies"
rm -rf "$LIBTRACER_PIECES"
mkdir -p "$LIBTRACER_PIECES"

${CC:-cc} -shared -fPIC -fvisibility=hidden -O2 -Wall -Wextra -Werror -Iinclude tests/copies/piece.c \
    "$LIBTRACER_LIB/libtracer.a" -o "$LIBTRACER_PIECES/static.so" \
    -Wl,--exclude-libs,ALL -Wl,--gc-sections -lgcc_s -lpthread -ldl -lm

cargo build --locked -p libtracer --example piece
cp "$target/debug/examples/libpiece.so" "$LIBTRACER_PIECES/rust.so"

# Without the tools that one piece is skipped, with the reason.
if tools=$(tools/wheel_tools.sh); then
    PATH=$tools:$target/venv/bin:$PATH
    wheels=$target/wheels-copies
    rm -rf "$wheels"
    "$tools/python" -m pip -q --disable-pip-version-check wheel --no-deps --no-build-isolation \
        -w "$wheels" tests/copies/grafted
    LD_LIBRARY_PATH=$LIBTRACER_LIB auditwheel repair -w "$wheels/repaired" "$wheels"/grafted-*.whl
    "$tools/python" -m zipfile -e "$wheels"/repaired/grafted-*.whl "$LIBTRACER_PIECES/grafted"
    rm -rf tests/copies/grafted/build tests/copies/grafted/*.egg-info
fi
# Before the tests, whose time does not count what a fresh machine has to build; they say what is missing.
PYTHONPATH=tests "$target/venv/bin/python" - <<'END'
import contextlib, receivers
with contextlib.suppress(receivers.Unavailable), receivers.running(receivers.Collector):
    pass
END
"$target/venv/bin/python" -m pytest -q tests/copies "$@"

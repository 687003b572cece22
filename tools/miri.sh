#!/bin/sh
# The recorder's unsafe code under Miri. Status 77: no nightly toolchain with Miri is installed.
set -eu
cd "$(dirname "$0")/.."
if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "Miri is not installed: rustup toolchain install nightly -c miri" >&2
    exit 77
fi
MIRIFLAGS='-Zmiri-disable-isolation' CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/miri \
    cargo +nightly miri test -q --locked -p libtracer --lib -- wire

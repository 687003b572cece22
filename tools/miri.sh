#!/bin/sh
# The unsafe modules under Miri: the writer, the logs and what C owns by themselves, then all together
# (core/tests/rooms.rs). Status 77: no nightly toolchain with Miri is installed.
set -eu
cd "$(dirname "$0")/.."
if ! cargo +nightly miri --version >/dev/null 2>&1; then
    echo "Miri is not installed: rustup toolchain install nightly -c miri -c rust-src" >&2
    exit 77
fi
# Scopes travel through chunks as exposed addresses; the exporter thread is not waited for at the end.
export MIRIFLAGS='-Zmiri-disable-isolation -Zmiri-permissive-provenance -Zmiri-ignore-leaks'
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-target}/miri"
cargo +nightly miri test -q --locked -p libtracer --lib -- wire:: current:: pipeline::producer provider::latest
cargo +nightly miri test -q --locked -p libtracer-ffi --lib -- pool::
cargo +nightly miri test -q --locked -p libtracer --test rooms

#!/bin/sh
# The oldest Rust that Cargo.toml promises compiles the workspace. Status 77: it is not installed.
set -eu
cd "$(dirname "$0")/.."
rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
if ! cargo "+$rust" --version >/dev/null 2>&1; then
    echo "Rust $rust is not installed: rustup toolchain install $rust --profile minimal" >&2
    exit 77
fi
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/msrv \
    cargo "+$rust" check -q --locked --workspace --all-features
echo "Rust $rust: 1 passed"

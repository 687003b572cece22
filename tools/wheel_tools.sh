#!/bin/sh
# Prints the folder of the programs in tests/requirements-wheel.txt, installing them at first.
# Status 77: they cannot be had here.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
venv=$target/venv-wheel
if ! cmp -s tests/requirements-wheel.txt "$venv/installed.txt"; then
    "$target/venv/bin/python" -m venv "$venv"
    "$venv/bin/python" -m pip -q --disable-pip-version-check install -r tests/requirements-wheel.txt >&2 || {
        echo "the programs of tests/requirements-wheel.txt cannot be installed here" >&2
        exit 77
    }
    cp tests/requirements-wheel.txt "$venv/installed.txt"
fi
echo "$venv/bin"

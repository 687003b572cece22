#!/bin/sh
# The ABI against what is stored of it, then the proof that the comparison sees what breaks programs.
# Status 77: libabigail is not there, or this is not Linux on x86-64.
set -u
cd "$(dirname "$0")/.."
python=${CARGO_TARGET_DIR:-$PWD/target}/venv/bin/python
"$python" tools/abi.py check || exit
"$python" -m pytest -q tests/abi

#!/bin/sh
# What pyright, too, sees of a traced function's type (mypy runs in `make lint`).
# Status 77: pyright cannot be had here.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
tools=$(tools/wheel_tools.sh)
settings=$target/pyright.json
cat >"$settings" <<JSON
{
    "include": ["$PWD/tests/python/typing_cases.py"],
    "extraPaths": ["$PWD/python"],
    "typeCheckingMode": "strict",
    "pythonVersion": "3.10"
}
JSON
"$tools/basedpyright" --project "$settings" --pythonpath "$target/venv/bin/python"

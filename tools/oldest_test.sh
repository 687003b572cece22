#!/bin/sh
# The wheel with the oldest opentelemetry-api that it declares to support: what touches its inside.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
python=$target/venv/bin/python
oldest=$(sed -n 's/.*"opentelemetry-api>=\([0-9.]*\)".*/\1/p' pyproject.toml)
[ -n "$oldest" ] || { echo "pyproject.toml names no oldest opentelemetry-api" >&2; exit 1; }
wheels=$target/wheels-oldest venv=$target/venv-oldest
rm -rf "$wheels"
PATH=$target/venv/bin:$PATH "$python" -m pip -q --disable-pip-version-check wheel --no-deps \
    --no-build-isolation -w "$wheels" .

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
# fastapi asks for a later one itself.
grep -vE '^(opentelemetry-|fastapi=)' tests/requirements.txt >"$target/requirements-oldest.txt"
"$venv/bin/python" -m pip -q -q --disable-pip-version-check install \
    -r "$target/requirements-oldest.txt" "opentelemetry-api==$oldest.*" "opentelemetry-sdk==$oldest.*"
"$venv/bin/python" -m pip -q --disable-pip-version-check install --no-deps --force-reinstall "$wheels"/*.whl
"$venv/bin/python" -m pytest -q tests/python/test_take_over.py tests/python/test_context*.py \
    tests/python/test_async*.py tests/python/test_threads.py tests/python/test_native.py

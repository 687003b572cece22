#!/bin/sh
# Real programs of other people on our Python provider (tests/programs): servers, workers, exporters.
# Status 77: their packages, or a receiver, are not to be had here.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
venv=$target/programs
pip="$venv/bin/python -m pip -q -q --disable-pip-version-check"
[ -x "$venv/bin/python" ] || "$target/venv/bin/python" -m venv "$venv"
if ! cmp -s tests/requirements-programs.txt "$venv/installed.txt"; then
    if ! $pip install -r tests/requirements-programs.txt ||
        # Asks for a newer certifi than there is everywhere; nothing here needs it.
        ! $pip install --no-deps logfire==5.4.0 logfire-sdk==5.4.0; then
        echo "the packages of tests/requirements-programs.txt cannot be installed: is there a registry?" >&2
        exit 77
    fi
    cp tests/requirements-programs.txt "$venv/installed.txt"
fi
rm -rf "$target/wheels-programs"
PATH=$target/venv/bin:$PATH "$target/venv/bin/python" -m pip -q --disable-pip-version-check wheel \
    --no-deps --no-build-isolation -w "$target/wheels-programs" .
$pip install --no-deps --force-reinstall "$target/wheels-programs"/*.whl
PYTHONPATH=tests "$venv/bin/python" -m receivers --kind collector --install || exit $?
"$venv/bin/python" -m pytest -q tests/programs "$@"

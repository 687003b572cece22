#!/bin/sh
# The one wheel (abi3) under every other CPython >= 3.10 of this machine: its tests, in a venv each.
# Status 77: there is no other.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
python=$target/venv/bin/python
own=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
wheels=$target/wheels-abi3
rm -rf "$wheels"
PATH=$target/venv/bin:$PATH "$python" -m pip -q --disable-pip-version-check wheel --no-deps \
    --no-build-isolation -w "$wheels" .

tested=0 failed=0
for version in 3.10 3.11 3.12 3.13 3.14; do
    [ "$version" != "$own" ] || continue
    for other in "python$version" "$HOME"/.pyenv/versions/"$version".*/bin/python; do
        # A pyenv shim may be there and not work.
        "$other" -c 'import venv, ensurepip' 2>/dev/null || continue
        venv=$target/venv-$version
        [ -x "$venv/bin/python" ] || "$other" -m venv "$venv"
        "$venv/bin/python" -m pip -q -q --disable-pip-version-check install -r tests/requirements.txt
        "$venv/bin/python" -m pip -q --disable-pip-version-check install --no-deps --force-reinstall "$wheels"/*.whl
        echo "-- CPython $version"
        tested=$((tested + 1))
        "$venv/bin/python" -m pytest -q -n 2 || failed=$((failed + 1))
        break
    done
done
if [ "$tested" = 0 ]; then
    echo "no other CPython >= 3.10 than $own is installed" >&2
    exit 77
fi
echo "Pythons: $((tested - failed)) passed, $failed failed"
[ "$failed" = 0 ]

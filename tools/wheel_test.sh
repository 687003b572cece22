#!/bin/sh
# The wheel as it is shipped: its size, what is in it, the stable ABI, its platform tag, and whether it
# works from where auditwheel has put it. Status 77: not on this platform, or the tools cannot be had.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
max_bytes=5000000

if [ "$(uname)" != Linux ]; then
    echo "auditwheel knows the platform tags of Linux only" >&2
    exit 77
fi
tools=$(tools/wheel_tools.sh)
PATH=$tools:$target/venv/bin:$PATH
folder=$target/wheels-audit
rm -rf "$folder"
"$target/venv/bin/python" -m pip -q --disable-pip-version-check wheel --no-deps \
    --no-build-isolation -w "$folder" .
wheel=$(echo "$folder"/*.whl)

bytes=$(wc -c <"$wheel")
echo "size: $bytes bytes"
if [ "$bytes" -gt $max_bytes ]; then
    echo "the wheel has more than $max_bytes bytes" >&2
    exit 1
fi

for file in libtracer/libtracer.so.1 libtracer/include/tracer.h libtracer/include/tracer.hpp \
    licenses/LICENSE licenses/THIRD-PARTY-NOTICES.txt; do
    "$target/venv/bin/python" -m zipfile -l "$wheel" | grep -qF "$file " || {
        echo "the wheel lacks $file" >&2
        exit 1
    }
done

abi3audit --strict --verbose "$wheel"

platform=$(auditwheel show "$wheel" | tr '\n' ' ' | sed -n 's/.*platform tag: *"\([a-z0-9_]*\)".*/\1/p')
echo "platform: $platform"
case $platform in
manylinux_* | musllinux_*) ;;
*)
    auditwheel show "$wheel" >&2
    exit 1
    ;;
esac
auditwheel repair --plat "$platform" -w "$folder/repaired" "$wheel"
repaired=$(echo "$folder"/repaired/*.whl)
# A library that auditwheel grafts is a copy under another name: a second runtime in the process.
if "$target/venv/bin/python" -m zipfile -l "$repaired" | grep -F 'libtracer.libs/'; then
    echo "auditwheel put foreign libraries into the wheel" >&2
    exit 1
fi

venv=$target/venv-repaired
[ -x "$venv/bin/python" ] || "$target/venv/bin/python" -m venv "$venv"
"$venv/bin/python" -m pip -q --disable-pip-version-check install --force-reinstall "$repaired"

# The pytest plugin, as a project elsewhere has it: found by its entry point, also in workers.
project=$target/project-pytest
rm -rf "$project"
mkdir "$project"
echo '[pytest]' >"$project/pytest.ini" # else it is a part of this one
cat >"$project/test_project.py" <<'PYTHON'
import pytest


@pytest.mark.parametrize("number", range(8))
def test_spans(spans, number):
    import libtracer

    with libtracer.start_span("op", attributes={"number": number}):
        pass
    assert spans.snapshot() == f"op  number={number}\n"
PYTHON
# shellcheck disable=SC2046 # one word a package
"$venv/bin/python" -m pip -q -q --disable-pip-version-check install \
    $(sed -n 's/^\(pytest\(-xdist\)\{0,1\}==[0-9.]*\).*/\1/p' tests/requirements.txt)
(cd "$project" && "$venv/bin/python" -m pytest -q -W error && "$venv/bin/python" -m pytest -q -W error -n 2)
cd "$target"
"$venv/bin/python" - <<'PYTHON'
import sys

import libtracer

assert not any(name.startswith("opentelemetry") for name in sys.modules), "imported too early"
with libtracer.testing.capture() as captured:
    with libtracer.get_tracer().start_as_current_span("packaged"):
        pass
assert [span.name for span in captured.spans] == ["packaged"]
with open("/proc/self/maps", encoding="utf-8") as maps:
    loaded = {line.split()[-1] for line in maps if "libtracer" in line and "_native" not in line}
assert loaded == {libtracer.library_path()}, loaded
PYTHON
echo "wheel: 6 passed, 0 failed"

#!/bin/sh
# The source package builds the same wheel as the repository, in a folder of its own, and it imports.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
PATH=$target/venv/bin:$PATH # maturin
export PATH
python=$target/venv/bin/python
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$python" -c 'import sys, build_backend; build_backend.build_sdist(sys.argv[1])' "$folder"
export CARGO_TARGET_DIR="$target" # the dependencies need not be compiled anew
"$python" -m pip -q --disable-pip-version-check wheel --no-deps --no-build-isolation -w "$folder" "$folder"/*.tar.gz
"$python" -m pip -q --disable-pip-version-check install --no-deps --target "$folder/site" "$folder"/*.whl
cd "$folder"
PYTHONPATH=$folder/site "$python" -c '
import pathlib, libtracer
assert pathlib.Path(libtracer.__file__).is_relative_to(pathlib.Path("site").resolve()), libtracer.__file__
assert (pathlib.Path(libtracer.get_include()) / "tracer.h").is_file()
with libtracer.start_span("installed"):
    pass
'
echo "sdist: 1 passed, 0 failed"

#!/bin/sh
# Builds examples/shop, a C++ web server, and asks it from a Python program: tests/programs/test_shop.py.
# Status 77: cpp-httplib is not to be had here. As root, where there is apt-get, it is installed.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
library=${LIBTRACER_LIB:-$target/lib}

there() {
    command -v pkg-config >/dev/null && pkg-config --exists cpp-httplib
}

if ! there && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -q --no-install-recommends libcpp-httplib-dev pkg-config ||
        { apt-get update -q && apt-get install -y -q --no-install-recommends libcpp-httplib-dev pkg-config; } || :
fi
if ! there; then
    echo "the shop needs cpp-httplib and pkg-config: apt-get install -y libcpp-httplib-dev pkg-config" >&2
    exit 77
fi

out=$target/shop
mkdir -p "$out"
tried=' '
for cxx in "${CXX:-c++}" g++ clang++; do
    command -v "$cxx" >/dev/null || continue
    real=$(readlink -f "$(command -v "$cxx")")
    case $tried in *" $real "*) continue ;; esac
    tried="$tried$real "
    for standard in c++14 c++20; do
        rm -f "$out/shop"
        make -s -C examples/shop OUT="$out" CXX="$cxx" CXXFLAGS="-Werror -std=$standard" \
            LIBTRACER="-I$PWD/include -L$library -Wl,-rpath,$library -ltracer"
        echo "examples/shop with $cxx -std=$standard"
    done
done
SHOP_PROGRAM=$out/shop
export SHOP_PROGRAM
python=$target/programs/bin/python
if "$python" -c 'import httpx, libtracer' 2>/dev/null; then
    PYTHONPATH=tests "$python" -m receivers --kind collector --install || exit $?
    "$python" -m pytest -q tests/programs/test_shop.py
else
    tools/programs_test.sh -k test_shop
fi

#!/bin/sh
# Says in one line what a build needs and this machine lacks, with the command that installs it.
#
#   tools/need.sh cargo cc c++ python ...     exits 1 at the first one that is missing
#   tools/need.sh print-python                prints the Python to use (PYTHON=... overrides)
set -eu

RUST=1.88 # as rust-version in Cargo.toml

lacking() { # what, remedy
    echo "missing: $1 -> $2" >&2
    exit 1
}

at_least() { # wanted, found
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

installer() { # Debian's package, the name elsewhere
    if command -v apt-get >/dev/null; then echo "apt-get install -y $1"
    elif command -v dnf >/dev/null; then echo "dnf install -y $2"
    elif command -v apk >/dev/null; then echo "apk add $2"
    elif command -v brew >/dev/null; then echo "brew install $2"
    else echo "install $2 with your system's package manager"
    fi
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_new_enough "$PYTHON" || lacking "Python >= 3.10 (PYTHON=$PYTHON is not one)" "set PYTHON to another"
        echo "$PYTHON"
        return
    fi
    for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python; do
        if command -v "$name" >/dev/null && is_new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    lacking "Python >= 3.10" "$(installer 'python3 python3-venv python3-dev' python3)"
}

need() {
    case $1 in
    cargo)
        command -v cargo >/dev/null ||
            lacking "cargo (Rust >= $RUST)" "install it from https://rustup.rs"
        # A rustup shim without a toolchain answers with an error: treat it as missing.
        found=$(cargo --version 2>/dev/null | cut -d' ' -f2)
        [ -n "$found" ] || lacking "a Rust toolchain (cargo does not run)" "rustup toolchain install stable"
        at_least "$RUST" "$found" || lacking "Rust >= $RUST (found $found)" "rustup update stable"
        ;;
    cc) command -v "${CC:-cc}" >/dev/null || lacking "a C compiler (${CC:-cc})" "$(installer gcc gcc)" ;;
    c++) command -v "${CXX:-c++}" >/dev/null || lacking "a C++ compiler (${CXX:-c++})" "$(installer g++ gcc-c++)" ;;
    python) choose_python >/dev/null ;;
    venv)
        chosen=$(choose_python)
        "$chosen" -c 'import venv, ensurepip' 2>/dev/null ||
            lacking "the venv module of $chosen" "$(installer python3-venv python3)"
        ;;
    binutils)
        command -v readelf >/dev/null || [ "$(uname)" = Darwin ] ||
            lacking "readelf and nm" "$(installer binutils binutils)"
        ;;
    *) lacking "a rule for '$1' in tools/need.sh" "add one" ;;
    esac
}

if [ "${1:-}" = print-python ]; then
    choose_python
    exit
fi
for thing in "$@"; do need "$thing"; done

#!/bin/sh
# Installs libtracer and builds outside programs (tests/install) against what was installed: with a
# plain Makefile and pkg-config, with CMake, with Meson; the shared and the static library; gcc and
# clang; C99 to C++20; warnings are errors. Each runs, and its spans are read back from a file. Then
# the tree is moved, and they are built again.
#
# Status 77: a tool is missing; all the rest passed.
set -u
cd "$(dirname "$0")/.."
root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
LIBTRACER_LIB=${LIBTRACER_LIB:-$target/lib}
export LIBTRACER_LIB
python=$(tools/need.sh print-python) || exit 1
work=$(mktemp -d "$target/install-test.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 lacking=''
unset DESTDIR PREFIX LIBDIR INCLUDEDIR MANDIR DOCDIR PKG_CONFIG_PATH LD_LIBRARY_PATH tracer_DIR

result() { # status, what
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2 (status $1)"
    fi
}

lacks() { # tool
    command -v "$1" >/dev/null && return 1
    case " $lacking " in
    *" $1 "*) ;;
    *) lacking="${lacking:+$lacking }$1"; echo "SKIPPED: $1 is not installed, nothing is built with it" ;;
    esac
}

quietly() { # command...: its output only if it fails
    "$@" >"$work/log" 2>&1 && return
    status=$?
    tail -n 30 "$work/log"
    return $status
}

build() { # tree, system, linkage, cc, cxx
    static=''
    [ "$3" = shared ] || static=yes
    case $2 in
    make)
        mkdir -p "$out"
        PKG_CONFIG_PATH=$1/lib/pkgconfig quietly make -s -C tests/install CC="$4" CXX="$5" OUT="$out" \
            ${static:+STATIC=yes}
        ;;
    cmake)
        quietly cmake -S tests/install -B "$out" -DCMAKE_PREFIX_PATH="$1" -DCMAKE_C_COMPILER="$4" \
            -DCMAKE_CXX_COMPILER="$5" -DSTATIC="${static:-no}" && quietly cmake --build "$out"
        ;;
    meson)
        CC=$4 CXX=$5 quietly meson setup "$out" tests/install --pkg-config-path "$1/lib/pkgconfig" \
            -Dstatic_tracer="$([ -n "$static" ] && echo true || echo false)" && quietly ninja -C "$out"
        ;;
    esac
}

run() { # program, linkage, directory of the library
    needed=$(readelf -d "$1" | grep -c 'NEEDED.*libtracer')
    case $2$needed in shared1 | static0) ;; *) echo "$needed libraries needed"; return 1 ;; esac
    rm -f "$work/spans"
    said=$(LD_LIBRARY_PATH=$3 timeout 60 "$1" "$work/spans") &&
        "$python" tests/install/judge.py "$work/spans" "${said#* }"
}

outside() { # tree, what, compilers...
    tree=$1 what=$2
    shift 2
    for cc in "$@"; do
        case $cc in gcc) cxx=g++ ;; *) cxx=clang++ ;; esac
        lacks $cc && continue
        lacks $cxx && continue
        for system in make:pkg-config cmake:cmake meson:meson; do
            lacks "${system#*:}" && continue
            [ $system != meson:meson ] || ! lacks ninja || continue
            for linkage in shared static; do
                out=$work/build
                build "$tree" "${system%:*}" $linkage $cc $cxx
                result $? "$what: ${system%:*} $linkage $cc"
                for program in c99 c11 c++14 c++17 c++20; do
                    run "$out/program-$program" $linkage "$tree/lib"
                    result $? "$what: ${system%:*} $linkage $cc $program"
                done
                rm -rf "$out" # a static program is large
            done
        done
    done
}

notes() { # file
    readelf -SW "$1" | grep -o '\.note\.tracer[^ ]*' | sort
}

# What the static library shows, and that it does not meet what else is in a program.
archive() { # tree
    flags="-std=c99 -Wall -Wextra -Wpedantic -Werror -I$1/include"
    libraries="$1/lib/libtracer.a -lpthread -ldl -lm"
    shown=$(nm -g --defined-only "$1/lib/libtracer.a" 2>/dev/null | awk 'NF == 3 {print $3}' | LC_ALL=C sort)
    [ "$shown" = "$(LC_ALL=C sort ffi/abi/symbols.txt)" ]
    result $? "libtracer.a shows the functions of symbols.txt, nothing else"
    quietly rustc --edition 2024 --crate-type staticlib -O -o "$work/libbeside.a" tests/install/beside.rs
    result $? "another Rust library"
    for order in "$work/libbeside.a $libraries" "$libraries $work/libbeside.a"; do
        # shellcheck disable=SC2086 # words
        quietly cc $flags -o "$work/beside" tests/install/beside.c $order && quietly "$work/beside"
        result $? "libtracer.a beside another zstd and another Rust library"
    done
    # shellcheck disable=SC2086
    quietly cc $flags -static -o "$work/all-static" tests/install/program.c $libraries &&
        run "$work/all-static" static /nowhere
    result $? "a program without any shared library"
    [ "$(notes "$1/lib/libtracer.so")" = "$(notes "$work/all-static")" ]
    result $? "the static library has the notes by which copies find each other"
    rm -f "$work/beside" "$work/all-static" "$work/libbeside.a"
}

# Where things go, and that they go again.
places() {
    stage=$work/stage
    mkdir -p "$stage/usr/lib64"
    : >"$stage/usr/lib64/libtracer.so.1.0.9"
    make -s install LIBTRACER_LIB="$LIBTRACER_LIB" DESTDIR="$stage" PREFIX=/usr LIBDIR=lib64 INCLUDEDIR=/usr/include/tracer-1 >"$work/said"
    result $? "make install DESTDIR PREFIX LIBDIR INCLUDEDIR"
    real=$(readlink -f "$stage/usr/lib64/libtracer.so")
    case $real in
    "$stage"/usr/lib64/libtracer.so.1.[0-9]*.[0-9]*) ;;
    *) false ;;
    esac && [ "$(readlink "$stage/usr/lib64/libtracer.so")" = libtracer.so.1 ] &&
        [ ! -e "$stage/usr/lib64/libtracer.so.1.0.9" ]
    result $? "links lead to libtracer.so.1.x.y: $real"
    while read -r file; do
        [ -e "$stage$file" ]
        result $? "installed as said: $file"
    done <"$work/said"
    for file in include/tracer-1/tracer.h include/tracer-1/tracer.hpp lib64/libtracer.a \
        lib64/cmake/tracer/tracerConfig.cmake lib64/cmake/tracer/tracerConfigVersion.cmake \
        share/doc/libtracer/LICENSE share/doc/libtracer/THIRD-PARTY-NOTICES.txt \
        share/doc/libtracer/c-api.md share/man/man3/tracer.3; do
        [ -f "$stage/usr/$file" ]
        result $? "installed: $file"
    done
    grep -qx 'prefix=/usr' "$stage/usr/lib64/pkgconfig/tracer.pc"
    result $? "below /usr, tracer.pc says so"
    make -s uninstall DESTDIR="$stage" PREFIX=/usr LIBDIR=lib64 INCLUDEDIR=/usr/include/tracer-1
    left=$(find "$stage" ! -type d)
    [ -z "$left" ]
    result $? "make uninstall leaves nothing: $left"
}

places
PREFIX=$work/first tools/install.sh >/dev/null
result $? "tools/install.sh"
archive "$work/first"
outside "$work/first" installed gcc clang
mkdir "$work/elsewhere"
mv "$work/first" "$work/elsewhere/moved"
outside "$work/elsewhere/moved" moved gcc

[ -z "$lacking" ] || skipped=": not installed: $lacking (apt-get install cmake meson ninja-build clang pkg-config)"
echo "install: $passed passed, $failed failed, $(echo "$lacking" | wc -w) tools skipped${skipped:-}"
[ "$failed" = 0 ] || exit 1
[ -z "$lacking" ] || exit 77

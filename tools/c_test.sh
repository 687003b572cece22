#!/bin/sh
# Compiles and runs tests/c/test_*.c and tests/cpp/test_*.cpp against libtracer.so.1.
#
# Other .c files in tests/c are helpers, linked to each test; so is what tools/calls.py writes. One
# test, test_load, is linked to nothing: it loads the library by itself, from $LIBTRACER. All compilers
# found are used (gcc, clang); CC and CXX choose one. SANITIZE=1: with cc alone, under ASan and UBSan,
# after a proof that they are on, and without test_memory: it replaces malloc, as they do.
set -u
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
library=${LIBTRACER_LIB:-$target/lib}
warnings='-Wall -Wextra -Wpedantic -Wconversion -Werror'
sanitizers=''
[ -z "${SANITIZE:-}" ] || sanitizers='-fsanitize=address,undefined -fno-sanitize-recover=all'
# Leaks are not looked for: the one runtime of the process lives to its end, reached from a page
# that LeakSanitizer does not search.
export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=0}"
flags="-g -O1 -Iinclude -Itests/c $warnings $sanitizers"
link="-L$library -Wl,-rpath,$library -ltracer -lpthread"
standards='c++14 c++17 c++20 c++17,-fno-rtti c++14,-fno-exceptions,-fno-rtti c++20,-fno-exceptions'
python=$(tools/need.sh print-python)
export LIBTRACER=$library/libtracer.so.1
passed=0 failed=0

result() { # status, what
    if [ "$1" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2 (status $1)"
    fi
}

# The header alone, as strict C99 and as C++.
# shellcheck disable=SC2086 # flags are words
headers() { # cc, cxx
    $1 -std=c99 $flags -fsyntax-only -x c include/tracer.h
    result $? "include/tracer.h with $1 -std=c99"
    for standard in c++14 c++17 c++20; do
        $2 -std=$standard $flags -Wshadow -fsyntax-only -x c++ include/tracer.h
        result $? "include/tracer.h with $2 -std=$standard"
        $2 -std=$standard $flags -Wshadow -fsyntax-only -x c++ include/tracer.hpp
        result $? "include/tracer.hpp with $2 -std=$standard"
    done
}

run() { # program, name
    timeout 120 "$1"
    result $? "$2"
}

# shellcheck disable=SC2086
tests() { # cc, cxx
    out=$target/tests/$(basename "$1")${SANITIZE:+-sanitized}
    mkdir -p "$out"
    helpers=''
    "$python" tools/calls.py "$out/calls.c" || { result 1 "tools/calls.py"; return; }
    for source in tests/c/*.c "$out/calls.c"; do
        case $source in tests/c/test_*) continue ;; esac
        object=$out/$(basename "$source" .c).o
        $1 -std=c99 $flags -c -o "$object" "$source" || { result 1 "$1 $source"; return; }
        helpers="$helpers $object"
    done
    for source in tests/c/test_*.c; do
        [ -f "$source" ] || continue
        [ "$source${SANITIZE:+-sanitized}" != tests/c/test_memory.c-sanitized ] || continue
        program=$out/$(basename "$source" .c)
        with="$helpers $link"
        [ "$source" != tests/c/test_load.c ] || with='-lpthread -ldl'
        $1 -std=c99 $flags -o "$program" "$source" $with || { result 1 "$1 $source"; continue; }
        run "$program" "$source with $1"
    done
    for source in tests/cpp/test_*.cpp; do
        [ -f "$source" ] || continue
        for standard in $standards; do # all at once: compiling takes longer than running
            program=$out/$(basename "$source" .cpp)-$standard
            rm -f "$program"
            $2 -std=$(echo "$standard" | tr , ' ') $flags -Wshadow -o "$program" "$source" $helpers $link &
        done
        wait
        for standard in $standards; do # status 127: it was not compiled
            run "$out/$(basename "$source" .cpp)-$standard" "$source with $2 -std=$standard"
        done
    done
}

# A program of the first header of this ABI, linked against the first library, run with this one.
# shellcheck disable=SC2086
earlier() { # cc
    first=$out/abi1
    CC=$1 tests/c/abi1/library.sh "$first" &&
        $1 -std=c99 -Itests/c/abi1 $flags -o "$first/client" tests/c/abi1/client.c \
            -L"$first" -ltracer -Wl,-rpath,"$library"
    result $? "$1 tests/c/abi1"
    LD_BIND_NOW=1 run "$first/client" "tests/c/abi1 with $1"
}

# A program with an overflow must be caught, or the run proves nothing.
# shellcheck disable=SC2086
sanitizers_are_on() { # cc
    probe=$target/tests/overflow
    mkdir -p "$target/tests"
    printf '#include <stdlib.h>\nint main(int c, char **v) {\n(void)v;\nchar *p = malloc(1);\np[c] = 1;\nreturn p[0];\n}\n' >"$probe.c"
    $1 -std=c99 $flags -o "$probe" "$probe.c" && ! "$probe" 2>/dev/null
    result $? "the sanitizers of $1 see an overflow"
}

tried=' '
for pair in "${CC:-cc} ${CXX:-c++}" ${CC:+skip} ${SANITIZE:+skip} "gcc g++" "clang clang++"; do
    [ "$pair" != skip ] || break
    cc=${pair% *} cxx=${pair#* }
    command -v "$cc" >/dev/null && command -v "$cxx" >/dev/null || continue
    real=$(readlink -f "$(command -v "$cc")")
    case $tried in *" $real "*) continue ;; esac
    tried="$tried$real "
    echo "-- $($cc --version | head -n 1)"
    [ -z "$sanitizers" ] || sanitizers_are_on "$cc"
    headers "$cc" "$cxx"
    tests "$cc" "$cxx"
    earlier "$cc"
done

echo "C: $passed passed, $failed failed"
[ "$failed" = 0 ]

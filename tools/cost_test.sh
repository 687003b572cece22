#!/bin/sh
# Counts instructions, which other programs do not change: tracer.hpp costs what C costs, and a call on
# a span that nothing is recorded of costs next to nothing. Status 77: no valgrind here.
set -u
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
library=${LIBTRACER_LIB:-$target/lib}
out=$target/cost
mkdir -p "$out"
if ! command -v valgrind >/dev/null; then
    echo "no valgrind to count instructions with: apt-get install -y valgrind" >&2
    exit 77
fi
flags="-O2 -g -Iinclude -DSAMPLES=2"
link="-L$library -Wl,-rpath,$library -ltracer"
failed=0 passed=0

# shellcheck disable=SC2086 # words
${CC:-cc} $flags bench/c/hot.c -o "$out/c" $link && ${CXX:-c++} -std=c++14 $flags bench/c/hot.cpp -o "$out/cpp" $link || exit 1

# Instructions in a function and what it calls, for one of its calls.
count() { # program, function, how often it is called
    rm -f "$out"/callgrind*
    # To nowhere, the usual way: by a thread of its own, whose instructions are not counted.
    valgrind -q --tool=callgrind --separate-threads=yes --callgrind-out-file="$out/callgrind" \
        --toggle-collect="$2*" "$out/$1" otlp/stdout >/dev/null 2>&1
    all=$(sed -n 's/^totals: *//p' "$out/callgrind-01")
    [ "${all:-0}" -gt 0 ] || { echo "callgrind saw no $2 in $1" >&2; exit 1; }
    echo $((all / $3))
}

check() { # what, instructions, most
    if [ "$2" -le "$3" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
    echo "$1: $2 instructions, $3 at most"
}

burst=2048 # two samples of a row
for work in "none 2 a span" "four 1 a span with four attributes" "calls 2 four calls on a quiet span"; do
    function=${work%% *} rest=${work#* }
    times=$((${rest%% *} * burst))
    c=$(count c "$function" "$times") cpp=$(count cpp "$function" "$times")
    [ -n "$c" ] && [ -n "$cpp" ] || exit 1
    # What compilers differ by; a call costs more.
    [ "$function" != four ] || four=$c
    check "${rest#* } through tracer.hpp, of $c in C" "$cpp" $((c + 24))
done
# Measured: 1,504 with the program's own, in a run so short that buffers still grow.
check "a span with four attributes" "$four" 1650
# Measured: 43 a call with the program's own; 60 are 5 ns.
check "a call on a quiet span" $((c / 4)) 45
echo "cost: $passed passed, $failed failed"
[ "$failed" = 0 ]

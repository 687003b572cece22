#!/bin/sh
# The C tests under Valgrind's memcheck, their child processes too. A planted use of freed memory must
# be reported first. Not run: test_threads and test_signals (for speed and for delayed signals), and
# test_memory (replaces malloc, as Valgrind does).
# Status 77: no valgrind.
set -u
cd "$(dirname "$0")/.."
if ! command -v valgrind >/dev/null; then
    echo "valgrind is missing: apt-get install valgrind" >&2
    exit 77
fi
python=$(tools/need.sh print-python)
target=${CARGO_TARGET_DIR:-$PWD/target}
library=${LIBTRACER_LIB:-$target/lib}
export LIBTRACER=$library/libtracer.so.1
out=$target/tests/valgrind
mkdir -p "$out"
memcheck='valgrind -q --error-exitcode=99 --trace-children=yes --fair-sched=yes --suppressions=tools/valgrind.supp'
flags='-std=c99 -g -O1 -Iinclude -Itests/c'
passed=0 failed=0

printf '#include <stdlib.h>\nint main(int c, char **v) {\nint *volatile p = malloc(sizeof c);\n(void)v;\n*p = c;\nfree(p);\nreturn *p == 5;\n}\n' >"$out/freed.c"
# shellcheck disable=SC2086 # words, here and below
cc $flags -w -o "$out/freed" "$out/freed.c" || exit 1
if $memcheck "$out/freed" 2>&1 | grep -q 'Invalid read'; then
    echo "a planted use of freed memory is reported"
else
    echo "FAILED: a planted use of freed memory is not reported" >&2
    exit 1
fi

"$python" tools/calls.py "$out/calls.c" || exit 1
helpers=''
for source in tests/c/*.c "$out/calls.c"; do
    case $source in tests/c/test_*) continue ;; esac
    object=$out/$(basename "$source" .c).o
    cc $flags -c -o "$object" "$source" || exit 1
    helpers="$helpers $object"
done
for source in ${VALGRIND_TESTS:-tests/c/test_*.c}; do
    name=$(basename "$source" .c)
    case $name in test_threads | test_signals | test_memory) continue ;; esac
    with="$helpers -L$library -Wl,-rpath,$library -ltracer -lpthread"
    [ "$name" != test_load ] || with='-lpthread -ldl'
    cc $flags -o "$out/$name" "$source" $with &&
        timeout 600 $memcheck "$out/$name" >"$out/$name.log" 2>&1
    status=$?
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name (status $status)"
        grep -vE '^ok ' "$out/$name.log" | head -n 60
    fi
done
echo "valgrind: $passed passed, $failed failed"
[ "$failed" = 0 ]

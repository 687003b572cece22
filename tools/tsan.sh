#!/bin/sh
# The C tests under ThreadSanitizer: library and its standard library built with it, C tests too.
#
# A planted race must be reported first, or the run proves nothing. Not run: test_memory (replaces
# malloc, as the sanitizer does), test_signals (the sanitizer delays signals) and test_load (loads the
# shared library; this links the static one). Status 77: no nightly toolchain with rust-src, or no gcc.
set -u
cd "$(dirname "$0")/.."
sysroot=$(rustc +nightly --print sysroot 2>/dev/null)
host=$(rustc -vV | sed -n 's/^host: //p')
runtime=$sysroot/lib/rustlib/$host/lib/librustc-nightly_rt.tsan.a
if [ ! -e "$runtime" ] || [ ! -d "$sysroot/lib/rustlib/src" ] || ! command -v gcc >/dev/null; then
    echo "TSan is not at hand: rustup toolchain install nightly -c rust-src; apt-get install gcc" >&2
    exit 77
fi
python=$(tools/need.sh print-python)
target=${CARGO_TARGET_DIR:-$PWD/target}
out=$target/tests/tsan
mkdir -p "$out"
export TEST_MARGIN=10 # seconds; all is some 300 times slower
export TSAN_OPTIONS='die_after_fork=0 halt_on_error=1 report_signal_unsafe=0'
CARGO_TARGET_DIR=$target/tsan CARGO_PROFILE_DEV_OPT_LEVEL=1 RUSTFLAGS='-Zsanitizer=thread' \
    cargo +nightly build -q --locked -Zbuild-std --target "$host" -p libtracer-ffi || exit 1
library=$target/tsan/$host/debug/libtracer.a
passed=0 failed=0

# gcc instruments, the toolchain's own runtime is linked: Rust's code asks for more than gcc's has.
compile() { gcc -std=c99 -g -O1 -fsanitize=thread -Iinclude -Itests/c -c -o "$@"; }
link() { # program, objects...
    program=$1
    shift
    gcc -o "$program" "$@" -Wl,--whole-archive "$runtime" -Wl,--no-whole-archive \
        -lpthread -ldl -lm -lrt -lresolv
}

printf '#include <pthread.h>\nstatic int shared;\nstatic void *add(void *v) {\nshared++;\nreturn v;\n}\nint main(void) {\npthread_t one, two;\npthread_create(&one, 0, add, 0);\npthread_create(&two, 0, add, 0);\npthread_join(one, 0);\npthread_join(two, 0);\nreturn 0;\n}\n' >"$out/race.c"
compile "$out/race.obj" "$out/race.c" && link "$out/race" "$out/race.obj" || exit 1
if "$out/race" 2>&1 | grep -q 'ThreadSanitizer: data race'; then
    echo "a planted race is reported"
else
    echo "FAILED: a planted race is not reported" >&2
    exit 1
fi
nm "$library" 2>/dev/null | grep -q ' U __tsan_write8' || { echo "FAILED: the library is not instrumented" >&2; exit 1; }

"$python" tools/calls.py "$out/calls.c" || exit 1
helpers=''
for source in tests/c/*.c "$out/calls.c"; do
    case $source in tests/c/test_*) continue ;; esac
    object=$out/$(basename "$source" .c).o
    compile "$object" "$source" || exit 1
    helpers="$helpers $object"
done
for source in tests/c/test_*.c; do
    name=$(basename "$source" .c)
    case $name in test_memory | test_signals | test_load) continue ;; esac
    # shellcheck disable=SC2086 # words
    compile "$out/$name.obj" "$source" && link "$out/$name" "$out/$name.obj" $helpers "$library" &&
        timeout 300 "$out/$name" >"$out/$name.log" 2>&1
    status=$?
    if [ "$status" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name (status $status)"
        grep -vE '^ok ' "$out/$name.log" | head -n 60
    fi
done
echo "tsan: $passed passed, $failed failed"
[ "$failed" = 0 ]

#!/bin/sh
# Fuzzes the parsers of foreign bytes and sequences of calls of the C ABI, each for FUZZ_SECONDS (60), one after the other.
#
#   FUZZ_TARGETS='baggage b3' FUZZ_SECONDS=600 make fuzz
#
# What crashes is put into tests/regressions/TARGET/, where the unit tests replay it from then on.
# Status 77: no nightly toolchain is installed.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
target=${CARGO_TARGET_DIR:-$root/target}
seconds=${FUZZ_SECONDS:-60}
if ! cargo +nightly --version >/dev/null 2>&1; then
    echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly" >&2
    exit 77
fi
PATH=$target/tools/bin:$PATH
cargo fuzz --version >/dev/null 2>&1 ||
    cargo install -q --locked --root "$target/tools" cargo-fuzz@0.13.2

failed='' count=0
for name in ${FUZZ_TARGETS:-$(cd core && cargo +nightly fuzz list) $(cd ffi && cargo +nightly fuzz list)}; do
    cd "$root/core"
    [ -e "fuzz/fuzz_targets/$name.rs" ] || cd "$root/ffi"
    count=$((count + 1))
    corpus=$target/fuzz/corpus/$name
    found=$target/fuzz/found/$name
    mkdir -p "$corpus" "$found"
    # A dictionary where there is one: names that chance does not find.
    dictionary=fuzz/$name.dict
    [ -e "$dictionary" ] || dictionary=
    echo "== $name, ${seconds} s"
    if ! cargo +nightly fuzz run --target-dir "$target/fuzz" "$name" "$corpus" "fuzz/seeds/$name" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        ${dictionary:+-dict="$dictionary"} -artifact_prefix="$found/" \
        >"$target/fuzz/$name.log" 2>&1; then
        tail -n 40 "$target/fuzz/$name.log"
        failed="$failed $name"
        mkdir -p "$root/tests/regressions/$name"
        cp -v "$found"/* "$root/tests/regressions/$name/" || echo "no input was kept: $target/fuzz/$name.log"
    fi
    grep -E 'stat::number_of_executed_units|stat::new_units_added' "$target/fuzz/$name.log" || true
done

[ -z "$failed" ] || echo "failed:$failed"
echo "fuzz: $count targets, $seconds s each, $(echo "$failed" | wc -w) failed"
[ -z "$failed" ]

#!/bin/sh
# Makes the static library that is installed from the one that cargo builds.
#
#   ffi/archive.sh OUTDIR [STATICLIB]       writes OUTDIR/libtracer.a
#
# Cargo's archive shows every function of every crate in it, zstd's and ring's C among them: a program
# with another zstd would get two, or one that does not fit. So all of it becomes one object that
# shows tracer_* alone, without what no tracer_* function reaches and without debug information.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: ffi/archive.sh OUTDIR [STATICLIB]}
static=${2:-${CARGO_TARGET_DIR:-$here/../target}/release/libtracer.a}
symbols=${TRACER_SYMBOLS:-$here/abi/symbols.txt}
cc=${CC:-cc} objcopy=${OBJCOPY:-objcopy}

say() { echo "ffi/archive.sh: $*" >&2; }
[ -f "$static" ] || { say "$static is missing: cargo build --release -p libtracer-ffi"; exit 1; }
mkdir -p "$out"

if [ "$(uname)" = Darwin ]; then # its linker has no such step: names are as cargo leaves them
    cp "$static" "$out/libtracer.a"
    exit 0
fi
command -v "$objcopy" >/dev/null || { say "no '$objcopy': apt-get install binutils"; exit 1; }

object=$out/libtracer.o.new
trap 'rm -f "$object" "$out/libtracer.a.new"' EXIT
wanted=$(sed 's/^/-Wl,-u,/' "$symbols")
# A COMDAT group keeps its name when its symbols become local, and another Rust library in the
# program has groups of the same names: hence plain sections.
# shellcheck disable=SC2086 # one word a symbol
"$cc" -r -nostdlib -o "$object" $wanted "$static" \
    -Wl,--gc-sections -Wl,--force-group-allocation
"$objcopy" --strip-debug --strip-unneeded --remove-section=.llvmbc --remove-section=.llvmcmd \
    --remove-section=.comment --wildcard --keep-global-symbol='tracer_*' "$object"

promised=$(LC_ALL=C sort "$symbols")
shown=$(nm -g --defined-only "$object" | awk '{print $3}' | LC_ALL=C sort)
if [ "$promised" != "$shown" ]; then
    say "symbols differ from $symbols:"
    printf '%s\n' "$promised" "$shown" "$shown" | LC_ALL=C sort | uniq -c |
        awk '$1 == 1 {print "  promised, not there: " $2} $1 == 2 {print "  there, not promised: " $2}' >&2
    exit 1
fi
rm -f "$out/libtracer.a.new"
mv "$object" "$out/tracer.o"
"${AR:-ar}" rcsD "$out/libtracer.a.new" "$out/tracer.o"
rm -f "$out/tracer.o"
mv "$out/libtracer.a.new" "$out/libtracer.a"

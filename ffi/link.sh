#!/bin/sh
# Links the shared library from the static one and checks what came out.
#
#   ffi/link.sh OUTDIR [STATICLIB]      writes OUTDIR/libtracer.so.1 and the link OUTDIR/libtracer.so
#
# rustc's own cdylib link brings a version script of its own, so the system's C compiler links with
# ours: SONAME, symbol version TRACER_1.0, only tracer_* visible, never unloaded (its threads and
# thread-local destructors outlive a dlclose).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: ffi/link.sh OUTDIR [STATICLIB]}
static=${2:-${CARGO_TARGET_DIR:-$here/../target}/release/libtracer.a}
symbols=${TRACER_SYMBOLS:-$here/abi/symbols.txt}
cc=${CC:-cc}

say() { echo "ffi/link.sh: $*" >&2; }
command -v "$cc" >/dev/null || { say "no C compiler '$cc': apt-get install gcc"; exit 1; }
[ -f "$static" ] || { say "$static is missing: cargo build --release -p libtracer-ffi"; exit 1; }
mkdir -p "$out"

if [ "$(uname)" = Darwin ]; then
    sed 's/^/_/' "$symbols" >"$out/libtracer.exports"
    "$cc" -dynamiclib -o "$out/libtracer.1.dylib" -install_name @rpath/libtracer.1.dylib \
        -Wl,-force_load,"$static" -Wl,-exported_symbols_list,"$out/libtracer.exports" -Wl,-dead_strip \
        -framework CoreFoundation -framework Security -liconv
    ln -sf libtracer.1.dylib "$out/libtracer.dylib"
    exit 0
fi

# -u pulls each promised function out of the archive; the comparison below names one that is missing.
wanted=$(sed 's/^/-Wl,-u,/' "$symbols")
# shellcheck disable=SC2086 # one word a symbol
"$cc" -shared -o "$out/libtracer.so.1.new" $wanted "$static" \
    -Wl,-soname,libtracer.so.1 -Wl,--version-script,"$here/libtracer.map" \
    -Wl,-z,nodelete -Wl,-z,defs -Wl,-z,relro,-z,now -Wl,-Bsymbolic-functions \
    -Wl,--gc-sections -Wl,--strip-debug -Wl,--as-needed -lgcc_s -lpthread -ldl -lm -lc

lib=$out/libtracer.so.1.new
promised=$(LC_ALL=C sort "$symbols")
exported=$(nm -D --defined-only "$lib" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | LC_ALL=C sort)
if [ "$promised" != "$exported" ]; then
    say "exported symbols differ from $symbols:"
    printf '%s\n' "$promised" "$exported" "$exported" | LC_ALL=C sort | uniq -c |
        awk '$1 == 1 {print "  promised, not exported: " $2} $1 == 2 {print "  exported, not promised: " $2}' >&2
    exit 1
fi
for needed in $(readelf -d "$lib" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case $needed in
    libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libgcc_s.so.* | ld-linux* | libc.musl-* | ld-musl-*) ;;
    *) say "the library must not need $needed"; exit 1 ;;
    esac
done
readelf -d "$lib" | grep -q 'SONAME.*\[libtracer.so.1\]' || { say "no SONAME libtracer.so.1"; exit 1; }
readelf -d "$lib" | grep -q 'FLAGS_1.*NODELETE' || { say "not marked nodelete"; exit 1; }
readelf -V "$lib" | grep -q 'Name: TRACER_1.0' || { say "no symbol version TRACER_1.0"; exit 1; }

mv "$lib" "$out/libtracer.so.1" # in one step: a process that runs with the old one keeps it
ln -sf libtracer.so.1 "$out/libtracer.so"

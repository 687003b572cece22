#!/bin/sh
# Builds the library that a client of the first header was linked against: its functions, without
# what they do.
#
#   tests/c/abi1/library.sh OUTDIR
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: library.sh OUTDIR}
mkdir -p "$out"
{
    echo '#include "tracer.h"'
    sed -n 's/^\(.* \**tracer_[a-z0-9_]*(.*)\);$/\1 { __builtin_trap(); }/p' "$here/tracer.h"
} >"$out/first.c"
"${CC:-cc}" -std=c99 -w -shared -fPIC -I"$here" -Wl,-soname,libtracer.so.1 \
    -Wl,--version-script,"$here/../../../ffi/libtracer.map" -o "$out/libtracer.so.1" "$out/first.c"
ln -sf libtracer.so.1 "$out/libtracer.so"

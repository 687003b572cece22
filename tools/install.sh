#!/bin/sh
# Installs the C and C++ library for other programs, or removes it.
#
#   [PREFIX=/usr/local] [DESTDIR=] [LIBDIR=] [INCLUDEDIR=] [MANDIR=] [DOCDIR=] tools/install.sh [install|uninstall]
#
# A directory that is not absolute is below PREFIX (LIBDIR=lib64). What is installed says where it is
# by its own place, so that the tree may be moved; below /usr, absolutely, as distributions want it.
set -eu
cd "$(dirname "$0")/.."

built=${LIBTRACER_LIB:-${CARGO_TARGET_DIR:-target}/lib}
version=$(sed -n '/^\[workspace.package\]/,/^\[l/s/^version = "\(.*\)"/\1/p' Cargo.toml)
url=$(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)
destdir=${DESTDIR:-}

below() { # directory or name below PREFIX
    case $1 in /*) echo "$1" ;; *) echo "$prefix/$1" ;; esac
}
prefix=${PREFIX:-/usr/local}
case $prefix in
/*) ;;
*) echo "tools/install.sh: PREFIX=$prefix is not absolute" >&2; exit 2 ;;
esac
while [ "$prefix" != "${prefix%/}" ]; do prefix=${prefix%/}; done
libdir=$(below "${LIBDIR:-lib}")
includedir=$(below "${INCLUDEDIR:-include}")
mandir=$(below "${MANDIR:-share/man}")
docdir=$(below "${DOCDIR:-share/doc/libtracer}")
pcdir=$libdir/pkgconfig
cmakedir=$libdir/cmake/tracer

if [ "$(uname)" = Darwin ]; then
    soname=libtracer.1.dylib
    real=libtracer.1.${version#*.}.dylib
    link=libtracer.dylib
    private='-framework CoreFoundation -framework Security -liconv'
    cmake_private='-framework CoreFoundation;-framework Security;-liconv'
else
    soname=libtracer.so.1
    real=libtracer.so.1.${version#*.}
    link=libtracer.so
    private='-lpthread -ldl -lm'
    cmake_private='-lpthread;-ldl;-lm'
fi

# The way from a directory up to PREFIX; nothing if it is not below.
up() { # directory
    case $1/ in
    "$prefix"/*) printf '%s\n' "${1#"$prefix"}" | sed 's|/[^/][^/]*|/..|g' ;;
    esac
}
up_pc=$(up "$pcdir") up_cmake=$(up "$cmakedir") pc_prefix=$prefix
[ -z "$up_pc" ] || [ "$prefix" = /usr ] || pc_prefix="\${pcfiledir}$up_pc"
pc_path() { # directory: in terms of ${prefix} where it is below
    case $1/ in "$prefix"/*) echo "\${prefix}${1#"$prefix"}" ;; *) echo "$1" ;; esac
}
cmake_includedir=$includedir
case $includedir/ in
"$prefix"/*) [ -z "$up_cmake" ] || cmake_includedir="\${_tracer_here}$up_cmake${includedir#"$prefix"}" ;;
esac

fill() { # template
    sed -e "s|@PC_PREFIX@|$pc_prefix|" -e "s|@PC_LIBDIR@|$(pc_path "$libdir")|" \
        -e "s|@PC_INCLUDEDIR@|$(pc_path "$includedir")|" -e "s|@PRIVATE_LIBS@|$private|" \
        -e "s|@VERSION@|$version|" -e "s|@URL@|$url|" -e "s|@SONAME@|$soname|" \
        -e "s|@SHARED@|$soname|" -e "s|@CMAKE_INCLUDEDIR@|$cmake_includedir|" \
        -e "s|@CMAKE_PRIVATE_LIBS@|$cmake_private|" -e "s|@POINTER_BYTES@|$(($(getconf LONG_BIT) / 8))|" "$1"
}

# Each file: mode, what it is made from, where it goes. The only list of what is installed.
files() {
    echo "755 $built/$soname $libdir/$real"
    echo "644 $built/libtracer.a $libdir/libtracer.a"
    for header in include/*; do
        echo "644 $header $includedir/$(basename "$header")"
    done
    echo "644 ffi/install/tracer.pc.in $pcdir/tracer.pc"
    echo "644 ffi/install/tracerConfig.cmake.in $cmakedir/tracerConfig.cmake"
    echo "644 ffi/install/tracerConfigVersion.cmake.in $cmakedir/tracerConfigVersion.cmake"
    echo "644 LICENSE $docdir/LICENSE"
    for page in THIRD-PARTY-NOTICES.txt CHANGELOG.md docs/abi.md docs/c-api.md; do
        [ ! -f "$page" ] || echo "644 $page $docdir/$(basename "$page")"
    done
    for page in docs/*.3; do
        [ ! -f "$page" ] || echo "644 $page $mandir/man3/$(basename "$page")"
    done
}

put() { # mode, source, destination
    [ -f "$2" ] || { echo "tools/install.sh: $2 is missing: make build" >&2; exit 1; }
    install -d -m 755 "$destdir$(dirname "$3")"
    case $2 in
    *.in)
        fill "$2" >"$destdir$3.new"
        chmod "$1" "$destdir$3.new"
        ;;
    *) install -m "$1" "$2" "$destdir$3.new" ;;
    esac
    mv "$destdir$3.new" "$destdir$3" # a program that runs with the old library keeps it
    echo "$3"
}

old_libraries() { # of the same ABI, from earlier releases: ldconfig would choose among them by number
    for file in "$destdir$libdir"/"${soname%.dylib}".[0-9]*; do
        [ ! -f "$file" ] || [ -L "$file" ] || echo "$file"
    done
}

case ${1:-install} in
install)
    old_libraries | grep -vF "/$real" | while read -r file; do rm -f "$file"; done
    files | while read -r mode source destination; do put "$mode" "$source" "$destination"; done
    ln -sf "$real" "$destdir$libdir/$soname"
    ln -sf "$soname" "$destdir$libdir/$link"
    printf '%s\n' "$libdir/$soname" "$libdir/$link"
    ;;
uninstall)
    old_libraries | while read -r file; do rm -f "$file"; done
    files | while read -r _ _ destination; do rm -f "$destdir$destination"; done
    rm -f "$destdir$libdir/$soname" "$destdir$libdir/$link"
    for folder in "$cmakedir" "$libdir/cmake" "$pcdir" "$docdir" "$mandir/man3"; do
        rmdir "$destdir$folder" 2>/dev/null || true # others' files may be there
    done
    ;;
*) echo "usage: tools/install.sh install|uninstall" >&2; exit 2 ;;
esac

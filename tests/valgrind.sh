#!/bin/sh
# valgrind finds no invalid access and no lost memory after `ctx check` of an example, its native code included:
# tests/valgrind.sh build/release.
set -eu
build=$1
command -v valgrind > /dev/null || {
    echo "make valgrind needs valgrind: apt-get install valgrind"
    exit 1
}
# The processor, and OpenBLAS's choice of kernels, keep to instructions that valgrind knows.
OPENBLAS_CORETYPE=Haswell valgrind --leak-check=full --show-leak-kinds=definite,indirect,possible \
    --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=9 \
    "$build/ctx" check examples/01-microcolumn.ctx --cpu x86-64-v3
